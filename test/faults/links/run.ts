import { createValidators } from "../../../src/kernel/validate.js";
import type { FaultRun } from "../kit/fault-run.js";
import { seeded } from "../kit/seeded.js";
import { life } from "./life.js";
import { socketLife } from "./socket-life.js";

/** Cuts that one pair of daemons lives through. */
const cutsPerLife = 25;
/** More broken seeds than this tell nothing new. */
const enough = 10;

export const faultRun: FaultRun = {
  id: "r9",
  promise: "Links between daemons are cut at random: every message and every result comes exactly once.",
  long: 10_000,
  short: 50,
  /** A cycle is a cut. A life's seed, printed with a failure, replays it with `--cycles 25`. */
  async run({ cycles, seed, progress }) {
    const validators = createValidators();
    const broken: string[] = [];
    let [cuts, kills, stalls, sent, answers, lives] = [0, 0, 0, 0, 0, 0];
    while (cuts < cycles && broken.length < enough) {
      const own = (seed + lives) % 2 ** 31;
      const result = await life(own, Math.min(cutsPerLife, cycles), validators);
      lives += 1;
      cuts += result.cuts;
      kills += result.kills;
      stalls += result.stalls;
      sent += result.sent;
      answers += result.answers;
      if (result.violations.length > 0)
        broken.push(`seed ${own}: ${result.violations.slice(0, 3).join("; ")}`);
      progress?.(Math.min(cuts, cycles));
    }
    // In real time each cut costs the pause before the next dial: a few stand for many.
    const sockets = Math.max(3, Math.min(200, Math.round(cycles / 50)));
    const real = await socketLife(seeded(seed), sockets, validators);
    if (real.violations.length > 0)
      broken.push(`over sockets, seed ${seed}: ${real.violations.slice(0, 3).join("; ")}`);
    if (sent === 0 || answers === 0 || (cycles >= 500 && kills === 0))
      broken.push("nothing was sent, answered or killed: this proved nothing");
    return {
      figures: { lives, cuts, kills, stalls, sent, answers, socket_cuts: real.cuts, socket_sent: real.sent },
      broken,
    };
  },
};
