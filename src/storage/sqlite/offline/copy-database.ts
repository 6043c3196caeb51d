import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { backup, DatabaseSync } from "node:sqlite";
import { BackendError } from "../../../kernel/backend.js";
import { toBackendError } from "../sqlite-error.js";
import { factsOf, findDamage, openForReading } from "./inspect-database.js";

/** Told after every step; pages of the database. */
export type CopyProgress = (copied: number, total: number) => void;

export interface Draft {
  path: string;
  bytes: number;
  schemaVersion: number;
}

const pagesPerStep = 1_024;

/**
 * Copies one of our databases, as it was committed at one moment, to a checked and synced file of its own (0600) beside
 * `target`, which is not touched. The daemon goes on writing meanwhile. Leaves nothing behind when it throws.
 */
export async function copyDatabase(from: string, target: string, progress?: CopyProgress): Promise<Draft> {
  if (!existsSync(dirname(target)))
    throw new BackendError("io", `${dirname(target)} does not exist; make the folder first.`);
  removeAbandoned(target);
  const path = `${target}.${process.pid}.partial`;
  const source = openForReading(from);
  try {
    closeSync(openSync(path, "wx", 0o600));
    // Held open, one snapshot serves all the steps; otherwise each commit of the daemon would start the copy again.
    source.exec("BEGIN");
    source.prepare("SELECT count(*) FROM sqlite_schema").get();
    await backup(source, path, {
      rate: pagesPerStep,
      ...(progress && {
        progress: ({ totalPages, remainingPages }) => progress(totalPages - remainingPages, totalPages),
      }),
    });
    const facts = finish(path, from);
    return { path, ...facts };
  } catch (error) {
    removeDraft(path);
    throw error instanceof BackendError ? error : toBackendError(error, target);
  } finally {
    source.close();
  }
}

/** Gives a draft its name, whole or not at all. Without `replace` throws EEXIST when something has it. */
export function publish(draft: string, target: string, replace: boolean): void {
  if (replace) renameSync(draft, target);
  else {
    nameUnlessTaken(draft, target);
    rmSync(draft, { force: true });
  }
  syncPath(dirname(target));
}

/** Unlike a rename, a link fails when the name is taken. */
function nameUnlessTaken(draft: string, target: string): void {
  try {
    linkSync(draft, target);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST" || existsSync(target)) throw error;
    // A file system without hard links.
    renameSync(draft, target);
  }
}

export function removeDraft(path: string): void {
  for (const end of ["", "-journal", "-wal", "-shm"]) rmSync(`${path}${end}`, { force: true });
}

export function syncPath(path: string): void {
  const fd = openSync(path, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Makes the copy one file without a write-ahead log, checks all of it, and waits until it is on the disk. */
function finish(path: string, from: string): { bytes: number; schemaVersion: number } {
  const database = new DatabaseSync(path);
  try {
    database.exec("PRAGMA journal_mode = DELETE");
    const damage = findDamage(database, path, "full");
    if (damage !== undefined)
      throw new BackendError("corrupt", `${from} is damaged: ${damage}. Nothing was written.`);
    const { bytes, schemaVersion } = factsOf(database, path);
    return { bytes, schemaVersion };
  } finally {
    database.close();
    syncPath(path);
  }
}

/** What a process that was killed left of its draft; that of a living one stays. */
function removeAbandoned(target: string): void {
  const start = `${basename(target)}.`;
  for (const name of readdirSync(dirname(target))) {
    const pid = /^(\d+)\.partial(-\w+)?$/.exec(name.startsWith(start) ? name.slice(start.length) : "")?.[1];
    if (pid !== undefined && !isAlive(Number(pid))) rmSync(join(dirname(target), name), { force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return pid !== process.pid;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
