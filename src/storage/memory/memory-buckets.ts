import type { CasResult, KeyChange, KeyChangeEvent, KeyEntry, Versioned } from "../../kernel/backend.js";
import type { ChangesPage } from "../follow.js";
import { expiredKeptMs, tombstoneKeptMs } from "../retention.js";

interface Slot {
  rev: number;
  value: string | undefined;
  expiresAt: number | undefined;
  changedAt: number;
}

interface Bucket {
  /** In order of rev: a changed key moves to the end. */
  slots: Map<string, Slot>;
  purgedRev: number;
}

/** All buckets; one counter gives the revs of all. */
export class MemoryBuckets {
  rev = 0;
  readonly #buckets = new Map<string, Bucket>();

  get(bucket: string, key: string): Versioned | undefined {
    const slot = this.#buckets.get(bucket)?.slots.get(key);
    return slot?.value === undefined ? undefined : withValue(slot, slot.value);
  }

  cas(bucket: string, key: string, change: KeyChange, now: number): CasResult {
    let held = this.#buckets.get(bucket);
    const slot = held?.slots.get(key);
    const current = slot?.value === undefined ? 0 : slot.rev;
    if (current !== change.expectRev) return { outcome: "conflict", rev: current };
    if (!held) {
      held = { slots: new Map(), purgedRev: 0 };
      this.#buckets.set(bucket, held);
    }
    return { outcome: "committed", rev: this.#put(held, key, change.value, change.expiresAt, now) };
  }

  list(bucket: string, prefix: string): KeyEntry[] {
    const entries: KeyEntry[] = [];
    for (const [key, slot] of this.#buckets.get(bucket)?.slots ?? [])
      if (slot.value !== undefined && key.startsWith(prefix))
        entries.push({ key, ...withValue(slot, slot.value) });
    return entries.sort((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)));
  }

  changes(bucket: string, prefix: string, afterRev: number, limit: number): ChangesPage {
    const items: KeyChangeEvent[] = [];
    const held = this.#buckets.get(bucket);
    for (const [key, slot] of held?.slots ?? []) {
      if (slot.rev <= afterRev || !key.startsWith(prefix)) continue;
      items.push(slot.value === undefined ? { key, rev: slot.rev } : { key, ...withValue(slot, slot.value) });
      if (items.length === limit) break;
    }
    const more = items.length === limit;
    const next = more ? items[limit - 1]!.rev : Math.max(afterRev, this.rev);
    return { items, next, more, purgedRev: held?.purgedRev ?? 0 };
  }

  /** Drops old tombstones and turns long expired keys into tombstones; true when watchers have something to see. */
  sweep(now: number): boolean {
    let changed = false;
    for (const held of this.#buckets.values())
      for (const [key, slot] of [...held.slots]) {
        if (slot.value === undefined && slot.changedAt < now - tombstoneKeptMs) {
          held.slots.delete(key);
          held.purgedRev = Math.max(held.purgedRev, slot.rev);
        } else if (slot.value !== undefined && (slot.expiresAt ?? Infinity) < now - expiredKeptMs) {
          this.#put(held, key, undefined, undefined, now);
          changed = true;
        }
      }
    return changed;
  }

  #put(
    held: Bucket,
    key: string,
    value: string | undefined,
    expiresAt: number | undefined,
    now: number,
  ): number {
    held.slots.delete(key);
    held.slots.set(key, { rev: ++this.rev, value, expiresAt, changedAt: now });
    return this.rev;
  }
}

function withValue(slot: Slot, value: string): Versioned {
  return { value, rev: slot.rev, ...(slot.expiresAt === undefined ? {} : { expiresAt: slot.expiresAt }) };
}
