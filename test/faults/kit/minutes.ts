import type { FaultOptions, FaultResult, FaultRun } from "./fault-run.js";
import { carryOut, type Line } from "./report.js";

/** A line of several parts, each from a seed of its own. */
export interface TimedLine extends Line {
  /** The seed that goes on where this line ended. */
  nextSeed: number;
}

/** More broken parts than this show nothing new. */
const enough = 10;

/**
 * Repeats a run until the time is over. Each part has the run's short number of cycles, or `cycles`, and the next seed, so
 * that a part replays by its seed alone and a later call goes on from `nextSeed`.
 */
export async function carryOutFor(
  run: FaultRun,
  minutes: number,
  { seed, cycles = partOf(run), ...options }: Omit<FaultOptions, "cycles"> & { cycles?: number },
  now: () => number = () => performance.now(),
): Promise<TimedLine> {
  const until = now() + minutes * 60_000;
  const total: FaultResult = { figures: {}, broken: [], skipped: [] };
  const started = now();
  let parts = 0;
  do {
    const part = (seed + parts) % 2 ** 31;
    const before = parts * cycles;
    const progress = (done: number): void => options.progress?.(before + done);
    const line = await carryOut(run, { ...options, seed: part, cycles, progress });
    parts += 1;
    add(total, line, part);
  } while (now() < until && total.broken.length < enough);
  const seconds = Math.round((now() - started) / 100) / 10;
  const { id, promise } = run;
  return { id, promise, cycles: parts * cycles, seed, seconds, nextSeed: (seed + parts) % 2 ** 31, ...total };
}

function partOf({ short, part }: FaultRun): number {
  return part ?? Math.max(1, Math.ceil(short / 10));
}

/** Counts add up; of times and rates the highest stays. */
function add(total: FaultResult, { figures, broken, skipped = [] }: FaultResult, seed: number): void {
  for (const [name, value] of Object.entries(figures)) {
    const before = total.figures[name];
    const isCount = !/_(ms|per_\w+|percent|mib)$|^ms_/.test(name);
    if (typeof value !== "number" || typeof before !== "number") total.figures[name] = value;
    else total.figures[name] = isCount ? before + value : Math.max(before, value);
  }
  total.broken.push(...broken.map((what) => `part with seed ${seed}: ${what}`));
  total.skipped!.push(...skipped.filter((what) => !total.skipped!.includes(what)));
}
