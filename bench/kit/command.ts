import { spawnSync } from "node:child_process";
import { endedChildrenCpuSeconds } from "./cpu.js";
import { onSide, root } from "./process.js";
import { median } from "./stats.js";

export interface CommandSample {
  /** Median time of a run, milliseconds. */
  milliseconds: number;
  /** Processor time of a run, milliseconds. */
  cpuMs: number;
}

/** Runs a command to its end some times, one after the other. Throws when it fails. */
export function runCommand(
  command: string,
  args: readonly string[],
  { times, env = process.env, cwd = root }: { times: number; env?: NodeJS.ProcessEnv; cwd?: string },
): CommandSample {
  const [program, all] = onSide("load", command, args);
  const cpu = endedChildrenCpuSeconds();
  const milliseconds: number[] = [];
  for (let run = 0; run < times; run += 1) {
    const started = performance.now();
    const { status, stderr } = spawnSync(program, all, { env, cwd, stdio: ["ignore", "pipe", "pipe"] });
    milliseconds.push(performance.now() - started);
    if (status !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${status}: ${stderr}`);
  }
  return {
    milliseconds: median(milliseconds),
    cpuMs: ((endedChildrenCpuSeconds() - cpu) * 1000) / times,
  };
}
