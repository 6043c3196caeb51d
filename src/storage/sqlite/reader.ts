import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import type { KeyChangeEvent, KeyEntry, LogEntry, Versioned } from "../../kernel/backend.js";
import type { ChangesPage, Page } from "../follow.js";
import { prepare } from "./prepare.js";
import type { Recent } from "./recent.js";
import { seqBits } from "./schema.js";
import { resultCodeOf, toBackendError } from "./sqlite-error.js";

const pageRows = 256;
const pageChars = 1024 * 1024;
const cachedLogs = 10_000;

/**
 * Reads committed data in bounded steps on a connection of its own that cannot write; of the logs, what is folded: the
 * rest is in `Recent`.
 */
export class Reader {
  readonly #path: string;
  readonly #database: DatabaseSync;
  readonly #sql: Record<keyof typeof statements, StatementSync>;
  readonly #logs = new Map<string, number>();
  #metDamage = false;

  constructor(path: string) {
    this.#path = path;
    this.#database = new DatabaseSync(path, { readOnly: true, timeout: 5_000 });
    this.#sql = prepare(this.#database, statements);
    for (const statement of Object.values(this.#sql)) statement.setReturnArrays(true);
  }

  /** Gives what is not folded yet to those who read beside this connection. */
  loadRecent(recent: Recent): void {
    this.#run(() => {
      for (const row of this.#sql.recent.iterate()) {
        const [name, seq, id, subject, body] = row as unknown as [string, number, string, string, string];
        recent.add(name, { seq, id, subject, body });
      }
    });
  }

  lastSeq(name: string): number {
    return this.#run(() => (this.#first("lastSeq", name)?.[0] as number | undefined) ?? 0);
  }

  /** Entries from a position on, at most `limit`, and fewer when they are large. */
  entries(name: string, fromSeq: number, subject: string | undefined, limit: number): Page<LogEntry> {
    return this.#run(() => {
      // Before the rows, so that everything up to it is certainly among them.
      const lastSeq = (this.#first("lastSeq", name)?.[0] as number | undefined) ?? 0;
      if (lastSeq === 0 || lastSeq < fromSeq) return { items: [], next: fromSeq, more: false };
      const log = this.#log(name);
      const rows = Math.min(limit, pageRows);
      const found =
        subject === undefined
          ? this.#sql.entries.iterate(log, fromSeq, rows)
          : subject === ""
            ? this.#sql.entriesWithoutSubject.iterate(log, fromSeq, rows)
            : this.#sql.entriesOfSubject.iterate(log, fromSeq, rows, subject);
      const items: LogEntry[] = [];
      const more = bounded(found, rows, (row) => {
        items.push(toEntry(row));
        return (row[3] as string).length;
      });
      // A commit in between may have brought rows beyond it: nothing is given out twice.
      const lastGiven = items.at(-1)?.seq ?? 0;
      return { items, next: (more ? lastGiven : Math.max(lastGiven, lastSeq)) + 1, more };
    });
  }

  entryById(name: string, id: string): LogEntry | undefined {
    return this.#run(() => {
      const row = this.#first("entryById", name, Buffer.from(id.replaceAll("-", ""), "hex"));
      return row && toEntry(row);
    });
  }

  get(bucket: string, key: string): Versioned | undefined {
    return this.#run(() => {
      const row = this.#first("get", bucket, key);
      return row && versioned(row[0] as string, row[1] as number, row[2] as number | null);
    });
  }

  /** The newest rev of the database. */
  rev(): number {
    return this.#run(() => this.#first("rev")![0] as number);
  }

  /** Live keys after a key (undefined: from the prefix on), in key order. */
  keys(bucket: string, prefix: string, after: string | undefined): { items: KeyEntry[]; more: boolean } {
    return this.#run(() => {
      const items: KeyEntry[] = [];
      const found =
        after === undefined
          ? this.#sql.keysFrom.iterate(bucket, prefix, pageRows)
          : this.#sql.keysAfter.iterate(bucket, after, pageRows);
      let past = false;
      const more = bounded(found, pageRows, ([key, value, rev, expiresAt]) => {
        past ||= !(key as string).startsWith(prefix);
        if (past) return pageChars;
        items.push({
          key: key as string,
          ...versioned(value as string, rev as number, expiresAt as number | null),
        });
        return (value as string).length;
      });
      return { items, more: more && !past };
    });
  }

  changes(bucket: string, prefix: string, afterRev: number): ChangesPage {
    return this.#run(() => {
      const newest = this.#first("rev")![0] as number;
      const items: KeyChangeEvent[] = [];
      let last = afterRev;
      const more = bounded(this.#sql.changes.iterate(bucket, afterRev, pageRows), pageRows, (row) => {
        const [key, value, rev, expiresAt] = row as [string, string | null, number, number | null];
        last = rev;
        if (!key.startsWith(prefix)) return 0;
        items.push(value === null ? { key, rev } : { key, ...versioned(value, rev, expiresAt) });
        return value?.length ?? 0;
      });
      // After the rows: a tombstone that was cleaned up in between must count as missed.
      const purgedRev = (this.#first("purgedRev", bucket)?.[0] as number | undefined) ?? 0;
      return { items, next: more ? last : Math.max(last, newest), more, purgedRev };
    });
  }

  /** Whether a page that was read is damaged. */
  get metDamage(): boolean {
    return this.#metDamage;
  }

  close(): void {
    this.#database.close();
  }

  #log(name: string): number {
    let log = this.#logs.get(name);
    if (log !== undefined) return log;
    log = this.#first("log", name)![0] as number;
    if (this.#logs.size >= cachedLogs) this.#logs.delete(this.#logs.keys().next().value!);
    this.#logs.set(name, log);
    return log;
  }

  #first(name: keyof typeof statements, ...parameters: SQLInputValue[]): unknown[] | undefined {
    return this.#sql[name].get(...parameters) as unknown[] | undefined;
  }

  #run<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      if (resultCodeOf(error) === 0) throw error;
      const failure = toBackendError(error, this.#path);
      this.#metDamage ||= failure.code === "corrupt";
      throw failure;
    }
  }
}

/** Takes rows until one of the page's bounds; true when there may be more. `take` tells a row's size. */
function bounded(rows: Iterable<unknown>, limit: number, take: (row: unknown[]) => number): boolean {
  let count = 0;
  let chars = 0;
  for (const row of rows) {
    chars += take(row as unknown[]);
    if (++count === limit || chars >= pageChars) return true;
  }
  return false;
}

function versioned(value: string, rev: number, expiresAt: number | null): Versioned {
  return expiresAt === null ? { value, rev } : { value, rev, expiresAt };
}

function toEntry(row: unknown[]): LogEntry {
  const bytes = row[1] as Uint8Array;
  const hex = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");
  const id = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  return { seq: row[0] as number, id, subject: row[2] as string, body: row[3] as string };
}

const entry = `SELECT pos & ${2 ** seqBits - 1}, id, subject, body FROM entry`;
const inLog = `pos >= ((?1 << ${seqBits}) | ?2) AND pos < ((?1 + 1) << ${seqBits}) ORDER BY pos LIMIT ?3`;
const ofBucket = "bucket = (SELECT bucket FROM bucket WHERE name = ?1)";

const statements = {
  log: "SELECT log FROM log WHERE name = ?",
  recent: "SELECT name, seq, id, subject, body FROM recent JOIN log USING (log) ORDER BY n",
  lastSeq: "SELECT last_seq FROM log WHERE name = ?",
  entries: `${entry} WHERE ${inLog}`,
  entriesOfSubject: `${entry} WHERE subject = ?4 AND subject <> '' AND log = ?1 AND ${inLog}`,
  entriesWithoutSubject: `${entry} WHERE subject = '' AND ${inLog}`,
  entryById: `${entry} WHERE id = ?2 AND log = (SELECT log FROM log WHERE name = ?1)`,
  get: `SELECT value, rev, expires_at FROM slot WHERE key = ?2 AND value IS NOT NULL AND ${ofBucket}`,
  rev: "SELECT rev FROM counter",
  keysFrom: `SELECT key, value, rev, expires_at FROM slot
    WHERE ${ofBucket} AND key >= ?2 AND value IS NOT NULL ORDER BY key LIMIT ?3`,
  keysAfter: `SELECT key, value, rev, expires_at FROM slot
    WHERE ${ofBucket} AND key > ?2 AND value IS NOT NULL ORDER BY key LIMIT ?3`,
  changes: `SELECT key, value, rev, expires_at FROM slot WHERE ${ofBucket} AND rev > ?2 ORDER BY rev LIMIT ?3`,
  purgedRev: "SELECT purged_rev FROM bucket WHERE name = ?",
} as const;
