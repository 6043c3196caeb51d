import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A mark older than this was left by a crash, even when its process id is in use again. */
const longestStartMs = 600_000;

/**
 * Marks in the state folder that this process is starting a daemon. Clients that find no daemon wait for its socket as
 * long as a mark names a live process. Returns the function that removes the mark. A folder that cannot be written gets
 * no mark: clients then do not wait.
 */
export function markStart(stateDir: string, pid = process.pid): () => void {
  const path = join(stateDir, `starting-${pid}`);
  try {
    mkdirSync(stateDir, { recursive: true, mode: 0o700 });
    removeDeadMarks(stateDir);
    writeFileSync(path, "", { mode: 0o600 });
  } catch {
    return () => undefined;
  }
  return () => rmSync(path, { force: true });
}

function removeDeadMarks(stateDir: string): void {
  for (const name of readdirSync(stateDir)) {
    const pid = /^starting-(\d+)$/.exec(name)?.[1];
    if (pid === undefined) continue;
    const path = join(stateDir, name);
    const age = Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0);
    if (!isAlive(Number(pid)) || Math.abs(age) > longestStartMs) rmSync(path, { force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
