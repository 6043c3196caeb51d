import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { BackendError } from "../../kernel/backend.js";
import { lockFile } from "./file-lock.js";
import { findLogDamage } from "./log-damage.js";
import { applicationId, migrations } from "./schema.js";
import { toBackendError } from "./sqlite-error.js";

/** The first version without the bug that could corrupt a write-ahead log being reset by two connections. */
const oldestSqlite = "3.51.3";

const notOurs = "it is an SQLite database, but not Parley's";

/** Throws `version` for an SQLite that is not safe to use. */
export function checkSqliteVersion(version: string): void {
  const [ours, oldest] = [version, oldestSqlite].map((text) => text.split(".").map(Number)) as [
    number[],
    number[],
  ];
  const differing = oldest.findIndex((part, at) => part !== (ours[at] ?? 0));
  if (differing >= 0 && (ours[differing] ?? 0) < oldest[differing]!)
    throw new BackendError(
      "version",
      `SQLite ${version} may corrupt its write-ahead log; ${oldestSqlite} or newer is needed: upgrade Node.js.`,
    );
}

/** Keeps other processes from the database until the result is closed; a lock file beside it outlives its use. */
export function lockDatabase(path: string): DatabaseSync {
  const lock = lockFile(`${path}.lock`);
  if (lock !== undefined) return lock;
  throw new BackendError(
    "locked",
    `${path} is open in another process: stop the other daemon, or use another data folder.`,
  );
}

/** The store to come, from the moment on from which a restore can only be finished. */
export function restoringPath(path: string): string {
  return `${path}.restoring`;
}

/** Finishes a restore that a crash cut off, and does nothing when there was none. The caller holds the lock. */
export function finishRestore(path: string): void {
  if (!existsSync(restoringPath(path))) return;
  // First: replayed into the new file the old log would destroy it.
  for (const end of ["-wal", "-shm"]) rmSync(`${path}${end}`, { force: true });
  renameSync(restoringPath(path), path);
  syncFolder(path);
}

/** Opens the database read-write, creates it when there is none, and brings its schema up to date. */
export function openDatabase(path: string): DatabaseSync {
  finishRestore(path);
  if (!existsSync(path)) createDatabase(path);
  else if (statSync(path).size === 0) throw damaged(path, "the file is empty");
  checkUntouched(path);
  const database = new DatabaseSync(path, { timeout: 5_000 });
  try {
    checkOurs(database, path);
    chmodSync(path, 0o600);
    database.exec(
      "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0;" +
        "PRAGMA journal_size_limit = 67108864; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -8000",
    );
    migrate(database);
    return database;
  } catch (error) {
    database.close();
    throw toBackendError(error, path);
  }
}

/**
 * Refuses before a connection that writes could touch anything: even one that only opens and closes would copy a log that
 * was left behind into the file, whatever the file is.
 */
function checkUntouched(path: string): void {
  const header = headerOf(path);
  if (header.toString("latin1", 0, 16) !== "SQLite format 3\0")
    throw damaged(path, "the file is not a database");
  if (header.readUInt32BE(68) !== applicationId) throw damaged(path, notOurs);
  if (!existsSync(`${path}-wal`)) return;
  checkLog(path);
  const reader = new DatabaseSync(path, { readOnly: true, timeout: 5_000 });
  try {
    checkOurs(reader, path);
    readWhatStartNeeds(reader);
  } catch (error) {
    throw toBackendError(error, path);
  } finally {
    reader.close();
  }
}

/** Meets damage in the pages that a start reads, the writer's and that of the buckets' users, while nothing can be changed yet. */
function readWhatStartNeeds(reader: DatabaseSync): void {
  const version = pragma(reader, "user_version");
  if (version < 1) return;
  reader.prepare("SELECT rev FROM counter").get();
  // Values whole, for they may go on in other pages, and names and keys as they are found, by their indexes.
  const findBucket = reader.prepare("SELECT purged_rev FROM bucket WHERE name = ?");
  for (const { name } of reader.prepare("SELECT name FROM bucket").iterate()) findBucket.get(name!);
  const slots = "SELECT value, expires_at FROM slot INDEXED BY slot_key ORDER BY bucket, key";
  for (const _ of reader.prepare(slots).iterate());
  if (version < 2) return;
  const findLog = reader.prepare("SELECT last_seq FROM log WHERE name = ?");
  for (const { name } of reader.prepare("SELECT name, id, body FROM recent JOIN log USING (log)").iterate())
    findLog.get(name!);
}

/** SQLite would leave out, without a word, what follows a damaged part of the log. */
function checkLog(path: string): void {
  const frame = findLogDamage(`${path}-wal`, pageBytesOf(path));
  if (frame === undefined) return;
  throw new BackendError(
    "corrupt",
    `${path}: its write-ahead log is damaged at ${frame === 0 ? "its header" : `frame ${frame}`}, before receipts that were given. ` +
      "Both were left as they are: restore a backup; or keep what lies before the damage with `parley backup <file>` and `parley restore <file>`.",
  );
}

/** From the file's header; 4096 when that cannot be right. */
export function pageBytesOf(path: string): number {
  const told = headerOf(path).readUInt16BE(16);
  return told >= 512 && (told & (told - 1)) === 0 ? told : 4_096;
}

/** The first hundred bytes; zeros for what is missing. */
function headerOf(path: string): Buffer {
  const fd = openSync(path, "r");
  try {
    const bytes = Buffer.alloc(100);
    readSync(fd, bytes, 0, bytes.length, 0);
    return bytes;
  } finally {
    closeSync(fd);
  }
}

/** Builds the file under another name first: one under the real name that is empty is then always a damaged one. */
function createDatabase(path: string): void {
  const wal = `${path}-wal`;
  if (existsSync(wal) && statSync(wal).size > 0)
    throw damaged(path, "the file is gone, but its write-ahead log is still there");
  const draft = `${path}.new`;
  for (const rest of [draft, `${draft}-wal`, `${draft}-shm`, `${draft}-journal`])
    rmSync(rest, { force: true });
  closeSync(openSync(draft, "wx", 0o600));
  const database = new DatabaseSync(draft);
  try {
    database.exec(
      `PRAGMA application_id = ${applicationId}; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL`,
    );
    migrate(database);
  } finally {
    database.close();
  }
  renameSync(draft, path);
  syncFolder(path);
}

function syncFolder(path: string): void {
  const folder = openSync(dirname(path), "r");
  fsyncSync(folder);
  closeSync(folder);
}

/** Throws `corrupt` for a database of another program and `version` for one of a newer Parley. */
export function checkOurs(database: DatabaseSync, path: string): void {
  const id = pragma(database, "application_id");
  if (id !== applicationId) throw damaged(path, notOurs);
  const version = pragma(database, "user_version");
  if (version > migrations.length)
    throw new BackendError(
      "version",
      `${path} has schema version ${version}, this program knows up to ${migrations.length}: start a newer Parley, or use another data folder.`,
    );
}

function migrate(database: DatabaseSync): void {
  for (let version = pragma(database, "user_version"); version < migrations.length; version++)
    database.exec(`BEGIN IMMEDIATE; ${migrations[version]}; PRAGMA user_version = ${version + 1}; COMMIT`);
}

/** The number that a pragma tells. */
export function pragma(database: DatabaseSync, name: string): number {
  return Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0] as number;
}

function damaged(path: string, what: string): BackendError {
  return new BackendError(
    "corrupt",
    `${path}: ${what}. It was left as it is: restore it from a backup, or move it away with its -wal file to start empty.`,
  );
}
