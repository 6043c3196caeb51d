import type { FaultRun } from "../kit/fault-run.js";
import { seeded } from "../kit/seeded.js";
import type { Part } from "./part.js";
import { part as browser } from "./parts/browser.js";
import { part as neighbours } from "./parts/neighbours.js";

/** Kinds of neighbours, each with cycles of its own. */
const parts: readonly Part[] = [neighbours, browser];
/** More broken cycles than this show nothing new. */
const enough = 10;

export const faultRun: FaultRun = {
  id: "r13",
  promise: "Other users listen wherever a client could look: no byte of a body or credential reaches them.",
  long: 200,
  short: 15,
  async run({ cycles, seed, progress }) {
    const skipped = parts.flatMap((part) => part.skipped?.() ?? []);
    const broken: string[] = [];
    const figures: Record<string, number> = {};
    for (const part of parts.filter(({ canRun }) => canRun?.() ?? true)) {
      await using open = await part.open();
      const own = Math.ceil(cycles / (part.every ?? 1));
      for (let cycle = 0; cycle < own && broken.length < enough; cycle += 1) {
        const result = await open.cycle({ turn: seed + cycle, random: seeded(seed).fork(cycle) });
        for (const [name, count] of Object.entries(result.counts))
          figures[name] = (figures[name] ?? 0) + count;
        broken.push(...result.broken.map((what) => `${part.name}, seed ${seed} cycle ${cycle}: ${what}`));
        progress?.(cycle + 1);
      }
    }
    return { figures, broken, skipped };
  },
};
