import { type Backend, BackendError, type Versioned } from "../kernel/backend.js";

const tries = 8;

/**
 * Changes one key by compare-and-set: `change` sees the newest value and says the next one (`undefined` removes it, null
 * leaves all as it is). An uncertain outcome is settled by reading again. Resolves with the position of the write.
 */
export async function updateKey(
  backend: Backend,
  bucket: string,
  key: string,
  change: (current: Versioned | undefined) => { value: string | undefined; expiresAt?: number } | null,
): Promise<number> {
  for (let attempt = 0; attempt < tries; attempt += 1) {
    const current = await backend.get(bucket, key);
    const next = change(current);
    if (next === null) {
      return current?.rev ?? 0;
    }
    const result = await backend.cas(bucket, key, { expectRev: current?.rev ?? 0, ...next });
    if (result.outcome === "committed") {
      return result.rev;
    }
    if (result.outcome === "unknown") {
      const after = await backend.get(bucket, key);
      if (after?.value === next.value && (after?.rev ?? 0) !== (current?.rev ?? 0)) {
        return after?.rev ?? 0;
      }
    }
  }
  throw new BackendError("io", `the key ${key} of ${bucket} could not be changed in ${tries} tries`);
}
