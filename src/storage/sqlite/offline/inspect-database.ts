import { existsSync, statSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import { BackendError } from "../../../kernel/backend.js";
import { checkOurs, pageBytesOf, pragma } from "../database-file.js";
import { findLogDamage } from "../log-damage.js";
import { toBackendError } from "../sqlite-error.js";

export { checkSqliteVersion } from "../database-file.js";

/** What a database file says of itself. Sizes in bytes. */
export interface DatabaseFacts {
  schemaVersion: number;
  bytes: number;
  /** Pages that hold nothing and are used again before the file grows. */
  freeBytes: number;
  /** The write-ahead log beside it. */
  logBytes: number;
}

/**
 * Opens one of our databases without being able to write to it, also while a daemon works on it; the caller closes it.
 * Throws a BackendError: `corrupt` for what is no database of ours, `version` for a newer schema, `io` when there is none.
 */
export function openForReading(path: string): DatabaseSync {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) throw new BackendError("io", `${path} does not exist.`);
  if (stat.size === 0) throw new BackendError("corrupt", `${path}: the file is empty.`);
  const database = new DatabaseSync(isSettled(path) ? unchanging(path) : path, {
    readOnly: true,
    timeout: 5_000,
  });
  try {
    checkOurs(database, path);
    return database;
  } catch (error) {
    database.close();
    throw toBackendError(error, path);
  }
}

export function factsOf(database: DatabaseSync, path: string): DatabaseFacts {
  const pageBytes = pragma(database, "page_size");
  return {
    schemaVersion: pragma(database, "user_version"),
    bytes: pragma(database, "page_count") * pageBytes,
    freeBytes: pragma(database, "freelist_count") * pageBytes,
    logBytes: statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0,
  };
}

/** Reads the whole file and tells the first damage. `quick` leaves out whether indexes agree with their tables. */
export function findDamage(
  database: DatabaseSync,
  path: string,
  depth: "quick" | "full",
): string | undefined {
  try {
    const check = depth === "quick" ? "quick_check" : "integrity_check";
    const [row] = database.prepare(`PRAGMA ${check}(1)`).all() as Record<string, string>[];
    const says = Object.values(row ?? {})[0];
    return says === "ok" ? undefined : (says ?? "the check said nothing");
  } catch (error) {
    return toBackendError(error, path).message;
  }
}

/** The frame at which the log of a store that nothing works on is damaged, 0 for its header. */
export function damageOfLog(path: string): number | undefined {
  return findLogDamage(`${path}-wal`, pageBytesOf(path));
}

/** A file without a write-ahead log and without users of one: it can be read where nothing may be written beside it. */
function isSettled(path: string): boolean {
  return !existsSync(`${path}-wal`) && !existsSync(`${path}-shm`) && !existsSync(`${path}.lock`);
}

function unchanging(path: string): URL {
  const url = pathToFileURL(path);
  url.searchParams.set("immutable", "1");
  return url;
}
