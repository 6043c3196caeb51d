import type { FaultRun } from "../kit/fault-run.js";
import { seeded } from "../kit/seeded.js";
import { life } from "./life.js";
import { shortMoves } from "./moves.js";

export const faultRun: FaultRun = {
  id: "r19",
  promise:
    "Outages of the daemon under 20 busy hosts lose no completed work, begin none twice unreported, and leave one end of each interaction.",
  long: 1_000,
  short: shortMoves.length,
  part: 12,
  /** A cycle is one outage, with a new request for each host that has room for it. */
  async run({ cycles, seed, brief, progress }) {
    let done = 0;
    const short = brief ? { moves: shortMoves, longestWorkMs: 8_000 } : {};
    const { broken, figures } = await life({
      cycles,
      random: seeded(seed),
      ...short,
      cycleDone() {
        done += 1;
        progress?.(done);
      },
    });
    return { figures, broken: broken.map((what) => `seed ${seed}: ${what}`) };
  },
};
