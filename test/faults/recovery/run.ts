import type { FaultRun } from "../kit/fault-run.js";
import { seeded } from "../kit/seeded.js";
import { corruptPart } from "./corrupt.js";
import { failingCallsPart } from "./failing-calls.js";
import { fullDiskPart } from "./full-disk.js";
import type { Seen } from "./part.js";
import { restartPart } from "./restart.js";

const parts = [corruptPart, fullDiskPart, failingCallsPart, restartPart];

/** A cycle is a message in the store that is started again. */
export const faultRun: FaultRun = {
  id: "r8",
  promise:
    "many messages, a full, read-only, failing or damaged disk: typed, nothing lost, never replaced by nothing",
  long: 1_000_000,
  short: 20_000,
  async run({ cycles, seed, progress }) {
    const seen: Seen = { figures: {}, broken: [], skipped: [] };
    for (const [at, part] of parts.entries()) {
      await part({ messages: cycles, random: seeded(seed).fork(at), seen });
      progress?.(Math.round(((at + 1) * cycles) / parts.length));
    }
    const broken = seen.broken.map((what) => `seed ${seed}: ${what}`);
    return { figures: seen.figures, broken, skipped: seen.skipped };
  },
};
