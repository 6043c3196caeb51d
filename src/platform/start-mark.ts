import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeFolder } from "./make-folder.js";
import { processStart } from "./process-identity.js";

/**
 * Marks in the state folder that this process is about to start a daemon, which takes a moment until it writes its
 * discovery file. While the process that the mark names runs, clients that find no daemon wait for its socket. Returns
 * the function that removes the mark. A folder that cannot be written gets no mark: clients then do not wait.
 */
export function markStart(stateDir: string): () => void {
  const path = join(stateDir, "starting.json");
  const content = JSON.stringify({
    state: "starting",
    pid: process.pid,
    process_start: processStart(process.pid),
  });
  try {
    makeFolder(stateDir);
    const draft = join(stateDir, `.starting-${process.pid}.json`);
    writeFileSync(draft, content, { mode: 0o600 });
    renameSync(draft, path);
  } catch {
    return () => undefined;
  }
  // The mark of a start that began later stays.
  return () => {
    if (readText(path) === content) rmSync(path, { force: true });
  };
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
