import { existsSync, readFileSync } from "node:fs";
import { until } from "./wait.js";

/** A killed process that its parent has not waited for yet is a zombie, not running. */
export function isRunning(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.[0] !== "Z";
  } catch {
    return false;
  }
}

/** The numbers in a file, once a process has written it. */
export async function pidsIn(file: string): Promise<number[]> {
  const text = await until(`pids in ${file}`, () =>
    existsSync(file) ? readFileSync(file, "utf8") : undefined,
  );
  return text.trim().split(/\s+/).map(Number);
}

/** Ends what a test has left on purpose. */
export function endAll(pids: Iterable<number>): void {
  for (const pid of pids)
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It has ended by itself.
    }
}
