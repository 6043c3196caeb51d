import type { FaultOptions, FaultResult, FaultRun } from "../kit/fault-run.js";
import { seeded } from "../kit/seeded.js";
import { buildStoreLoad } from "../store-load/build.js";
import { killStoreProcess } from "./store-kills.js";
import { killOneStore, type StoreFigures } from "./store-life.js";

/** Kills until a store is checked whole and given up for a fresh one: bounds memory and the length of a check. */
const cyclesPerStore = 40;
/** In the brief form, of so many cycles one kills a whole daemon, the others a process that has only the store. */
const briefShare = 5;

export const faultRun: FaultRun = {
  id: "r1",
  promise:
    "kill -9 at random points under load loses no receipt, doubles nothing, leaves no gap, reuses no fence",
  long: 10_000,
  short: 300,
  run: (options) => runKills(options),
};

/** Several lanes kill daemons of their own at once; each store's choices come from the seed and the store's number. */
export async function runKills(
  options: FaultOptions & { sabotage?(path: string): void },
): Promise<FaultResult> {
  const { cycles, seed, lanes = 1, brief = false, progress, sabotage } = options;
  const daemonCycles = brief ? Math.ceil(cycles / briefShare) : cycles;
  using load = await buildStoreLoad();
  const started = performance.now();
  const daemons: StoreFigures[] = [];
  const stores: { acknowledged: number; broken: string[] }[] = [];
  let done = 0;
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let first = next; first < cycles; first = next) {
      const whole = first < daemonCycles;
      next = Math.min(first + cyclesPerStore, whole ? daemonCycles : cycles);
      const one = {
        cycles: next - first,
        random: seeded(seed).fork(first),
        where: (cycle: number) => `seed ${seed} cycle ${first + cycle}`,
        cycleDone: () => progress?.(++done),
      };
      if (whole)
        daemons.push(await killOneStore({ ...one, ...(sabotage === undefined ? {} : { sabotage }) }));
      else stores.push(await killStoreProcess({ ...one, program: load.program }));
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  const sum = <T>(of: readonly T[], figure: (one: T) => number): number =>
    of.reduce((total, one) => total + figure(one), 0);
  const starts = daemons.flatMap(({ startMs }) => startMs).sort((a, b) => a - b);
  return {
    figures: {
      whole_daemons: daemonCycles,
      stores_alone: cycles - daemonCycles,
      killed_while_starting: sum(daemons, ({ killedStarting }) => killedStarting),
      acknowledged: sum([...daemons, ...stores], ({ acknowledged }) => acknowledged),
      repeated_keys: sum(daemons, ({ repeats }) => repeats),
      fences: sum(daemons, ({ fences }) => fences),
      events: sum(daemons, ({ events }) => events),
      streams_read_to_the_end: sum(daemons, ({ streams }) => streams),
      start_median_ms: Math.round(starts[starts.length >> 1] ?? 0),
      ms_per_cycle: Math.round((performance.now() - started) / cycles),
    },
    broken: [...daemons, ...stores].flatMap(({ broken }) => broken),
  };
}
