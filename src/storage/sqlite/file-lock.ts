import { closeSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { resultCode, resultCodeOf } from "./sqlite-error.js";

/**
 * Locks the file for this process until the result is closed or the process ends in any way; undefined while another
 * process has it. An exclusive transaction is a lock that the system frees. The file itself stays: removing it would race.
 */
export function lockFile(path: string): DatabaseSync | undefined {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  closeSync(openSync(path, "a", 0o600));
  const lock = new DatabaseSync(path, { timeout: 0 });
  try {
    lock.exec("BEGIN EXCLUSIVE");
    return lock;
  } catch (error) {
    lock.close();
    if ((resultCodeOf(error) & 0xff) === resultCode.busy) return undefined;
    throw error;
  }
}
