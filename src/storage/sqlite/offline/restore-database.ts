import { copyFileSync, existsSync, linkSync, renameSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { BackendError } from "../../../kernel/backend.js";
import { finishRestore, lockDatabase, restoringPath } from "../database-file.js";
import { type CopyProgress, copyDatabase, syncPath } from "./copy-database.js";

export interface RestoreOptions {
  /** A backup, or a copy of the store together with its write-ahead log. */
  from: string;
  /** The store's file. */
  to: string;
  /** Names the file under which the store that was there is kept. */
  now: Date;
  progress?: CopyProgress;
}

export interface RestoreResult {
  path: string;
  bytes: number;
  schemaVersion: number;
  /** Where the store that was there lies now. */
  kept?: string;
}

/**
 * Puts a backup in the store's place and keeps what was there beside it. Nothing is touched before the backup is copied
 * and checked; a crash leaves the old store or the new one. Rejects with a BackendError: `locked` while a daemon runs,
 * `corrupt`, `version`.
 */
export async function restoreDatabase(options: RestoreOptions): Promise<RestoreResult> {
  const [from, to] = [resolve(options.from), resolve(options.to)];
  if (from === to) throw new BackendError("io", `${from} is the store itself.`);
  const lock = lockDatabase(to);
  try {
    // An earlier restore that a crash cut off has decided already what the store is.
    finishRestore(to);
    const draft = await copyDatabase(from, to, options.progress);
    const kept = keep(to, options.now);
    renameSync(draft.path, restoringPath(to));
    syncPath(dirname(to));
    finishRestore(to);
    const { bytes, schemaVersion } = draft;
    return { path: to, bytes, schemaVersion, ...(kept === undefined ? {} : { kept }) };
  } finally {
    lock.close();
  }
}

/** A second name for the store and its log: the first one stays until the new store takes it. */
function keep(path: string, now: Date): string | undefined {
  if (!existsSync(path)) return undefined;
  const kept = `${path}.replaced-${now.toISOString().replaceAll(/[-:]/g, "")}`;
  for (const end of ["", "-wal"]) if (existsSync(path + end)) secondName(path + end, kept + end);
  syncPath(dirname(path));
  return kept;
}

function secondName(path: string, other: string): void {
  try {
    linkSync(path, other);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") throw error;
    // A file system without hard links.
    copyFileSync(path, other);
    syncPath(other);
  }
}
