import type { FaultRun } from "../kit/fault-run.js";
import { simulate } from "./simulate.js";

/** More broken seeds than this tell nothing new. */
const enough = 20;

export const faultRun: FaultRun = {
  id: "r4",
  promise:
    "Whatever order clock, scheduler, storage and network take, nothing acknowledged is lost, done twice or out of sequence, and nothing hangs.",
  long: 100_000,
  short: 1_000,
  /** A cycle is a whole world with its own seed: the one printed with a failure replays it as the only cycle. */
  async run({ cycles, seed, progress }) {
    const broken: string[] = [];
    let [worlds, steps, calls, repeats, crashes, virtualMs] = [0, 0, 0, 0, 0, 0];
    let completed = 0;
    const started = process.cpuUsage();
    for (; worlds < cycles && broken.length < enough; worlds += 1) {
      const own = (seed + worlds) % 2 ** 31;
      const simulation = await simulate(own);
      if (simulation.violations.length > 0)
        broken.push(`seed ${own}: ${simulation.violations.slice(0, 3).join("; ")}`);
      steps += simulation.steps;
      calls += simulation.calls;
      repeats += simulation.repeats;
      crashes += simulation.crashes;
      completed += simulation.completed;
      virtualMs += simulation.virtualMs;
      progress?.(worlds + 1);
    }
    const { user, system } = process.cpuUsage(started);
    return {
      figures: {
        seeds: worlds,
        steps,
        calls,
        repeats_in_flight: repeats,
        crashes,
        works_completed: completed,
        virtual_hours: Math.round(virtualMs / 3_600_000),
        cpu_ms_per_seed: Math.round((user + system) / 100 / worlds) / 10,
      },
      broken,
    };
  },
};
