import type { FaultRun } from "../kit/fault-run.js";
import { jumps } from "./jumps.js";
import { stoppedDaemon } from "./stopped-daemon.js";

export const faultRun: FaultRun = {
  id: "r15",
  promise: "Clock jumps of an hour, sleep and a stopped process let nothing expire wrongly.",
  long: 2_000,
  short: 50,
  /** A cycle is one daemon's life through 40 jumps; a real daemon is stopped once beside them. */
  async run({ cycles, seed, progress }) {
    const broken = (await stoppedDaemon()).map((what) => `stopped daemon: ${what}`);
    for (let cycle = 0; cycle < cycles && broken.length < 20; cycle += 1) {
      const own = (seed + cycle) % 2 ** 31;
      for (const what of await jumps(own)) broken.push(`seed ${own}: ${what}`);
      progress?.(cycle + 1);
    }
    return { figures: { lives: cycles, jumps: cycles * 40, stopped_daemons: 1 }, broken };
  },
};
