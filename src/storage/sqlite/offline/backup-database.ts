import { existsSync, realpathSync } from "node:fs";
import { resolve } from "node:path";
import { BackendError } from "../../../kernel/backend.js";
import { type CopyProgress, copyDatabase, publish, removeDraft } from "./copy-database.js";

export interface BackupOptions {
  /** The store's file. */
  from: string;
  to: string;
  /** Whether `to` may be there already. */
  replace: boolean;
  progress?: CopyProgress;
}

export interface BackupResult {
  path: string;
  bytes: number;
  schemaVersion: number;
}

/**
 * Writes the store to one file, while the daemon serves or without one. Everything acknowledged before the call is in
 * it. The file appears whole, synced and readable by its owner only, or not at all. Rejects with a BackendError, or
 * EEXIST when `to` is there and may not be replaced.
 */
export async function backupDatabase(options: BackupOptions): Promise<BackupResult> {
  const to = resolve(options.to);
  if (isSameFile(options.from, to))
    throw new BackendError("io", `${to} is the store itself; choose another name for the backup.`);
  if (!options.replace && existsSync(to)) throw taken(to);
  const draft = await copyDatabase(options.from, to, options.progress);
  try {
    publish(draft.path, to, options.replace);
  } catch (error) {
    removeDraft(draft.path);
    throw (error as NodeJS.ErrnoException).code === "EEXIST" ? taken(to) : error;
  }
  return { path: to, bytes: draft.bytes, schemaVersion: draft.schemaVersion };
}

function isSameFile(a: string, b: string): boolean {
  return existsSync(a) && existsSync(b) && realpathSync(a) === realpathSync(b);
}

function taken(path: string): Error {
  return Object.assign(new Error(`${path} is there already; it was left as it is`), { code: "EEXIST" });
}
