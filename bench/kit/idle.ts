import { setTimeout as passed } from "node:timers/promises";
import { cpuSeconds, wakeUps } from "./cpu.js";

/** What a process did while nothing was asked of it. */
export interface IdleSample {
  /** Of all threads, each second. */
  wakeUps: number;
  /** Per cent of one core. */
  cpu: number;
}

/** Watches the processes for the same while. */
export async function watchIdle(pids: readonly number[], windowMs: number): Promise<IdleSample[]> {
  const began = performance.now();
  const before = pids.map((pid) => [wakeUps(pid), cpuSeconds(pid)] as const);
  await passed(windowMs);
  const seconds = (performance.now() - began) / 1_000;
  return pids.map((pid, at) => {
    const [woken, used] = before[at]!;
    return { wakeUps: (wakeUps(pid) - woken) / seconds, cpu: ((cpuSeconds(pid) - used) / seconds) * 100 };
  });
}
