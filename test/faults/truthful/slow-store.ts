import type { Backend, CasResult, KeyChange } from "../../../src/kernel/backend.js";
import type { Seeded } from "../kit/seeded.js";

/** A store whose changes of sessions take their time and now and then end in nobody knows what. */
export function slowStore(inner: Backend, random: Seeded): Backend {
  const cas = inner.cas.bind(inner);
  inner.cas = async (bucket: string, key: string, change: KeyChange): Promise<CasResult> => {
    for (let turns = random.between(0, 12); turns > 0; turns -= 1) await undefined;
    if (!random.chance(0.05)) return cas(bucket, key, change);
    if (random.chance(0.5)) await cas(bucket, key, change);
    return { outcome: "unknown", cause: new Error("the store's answer was lost") };
  };
  return inner;
}
