import type { FaultOptions, FaultResult, FaultRun } from "../kit/fault-run.js";
import { seeded } from "../kit/seeded.js";
import { killOneStore, type StoreFigures } from "./store-life.js";

/** Kills until a store is checked whole and given up for a fresh one: bounds memory and the length of a check. */
const cyclesPerStore = 40;

export const faultRun: FaultRun = {
  id: "r1",
  promise:
    "kill -9 at random points under load loses no receipt, doubles nothing, leaves no gap, reuses no fence",
  long: 10_000,
  short: 60,
  run: (options) => runKills(options),
};

/** Several lanes kill daemons of their own at once; each store's choices come from the seed and the store's number. */
export async function runKills(
  options: FaultOptions & { sabotage?(path: string): void },
): Promise<FaultResult> {
  const { cycles, seed, lanes = 1, progress, sabotage } = options;
  const started = performance.now();
  const stores: StoreFigures[] = [];
  let next = 0;
  let done = 0;
  const lane = async (): Promise<void> => {
    while (next * cyclesPerStore < cycles) {
      const store = next++;
      const first = store * cyclesPerStore;
      stores.push(
        await killOneStore({
          cycles: Math.min(cyclesPerStore, cycles - first),
          random: seeded(seed).fork(store),
          where: (cycle) => `seed ${seed} cycle ${first + cycle}`,
          cycleDone: () => progress?.(++done),
          ...(sabotage === undefined ? {} : { sabotage }),
        }),
      );
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  const sum = (figure: (store: StoreFigures) => number): number =>
    stores.reduce((total, store) => total + figure(store), 0);
  const starts = stores.flatMap(({ startMs }) => startMs).sort((a, b) => a - b);
  return {
    figures: {
      stores: stores.length,
      killed_while_starting: sum(({ killedStarting }) => killedStarting),
      acknowledged: sum(({ acknowledged }) => acknowledged),
      repeated_keys: sum(({ repeats }) => repeats),
      fences: sum(({ fences }) => fences),
      events: sum(({ events }) => events),
      streams_read_to_the_end: sum(({ streams }) => streams),
      start_median_ms: Math.round(starts[starts.length >> 1] ?? 0),
      ms_per_cycle: Math.round((performance.now() - started) / cycles),
    },
    broken: stores.flatMap(({ broken }) => broken),
  };
}
