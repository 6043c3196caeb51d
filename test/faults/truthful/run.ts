import type { FaultRun } from "../kit/fault-run.js";
import { topology } from "./topology.js";

/** More broken seeds than this tell nothing new. */
const enough = 20;

export const faultRun: FaultRun = {
  id: "r6",
  promise:
    "Whoever is listed for a kind can be sent it, and nobody else, whatever becomes of sessions, policies and routes.",
  long: 100_000,
  short: 500,
  /** A cycle is a topology with its own seed: the one printed with a failure replays it as the only cycle. */
  async run({ cycles, seed, progress }) {
    const broken: string[] = [];
    let [done, looks, listed, unlisted, moved] = [0, 0, 0, 0, 0];
    for (; done < cycles && broken.length < enough; done += 1) {
      const own = (seed + done) % 2 ** 31;
      const result = await topology(own);
      if (result.violations.length > 0)
        broken.push(`seed ${own}: ${result.violations.slice(0, 3).join("; ")}`);
      looks += result.looks;
      listed += result.listed;
      unlisted += result.unlisted;
      moved += result.moved;
      progress?.(done + 1);
    }
    if (done > 50 && (listed === 0 || unlisted === 0 || moved === 0))
      broken.push("the topologies did not vary: this proved nothing");
    return {
      figures: { topologies: done, looks, listed_sent: listed, unlisted_refused: unlisted, moved },
      broken,
    };
  },
};
