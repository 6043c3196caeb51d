import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { IoStep } from "./io-fault.js";
import { LogWriter } from "./log-writer.js";
import { prepare } from "./prepare.js";
import * as protocol from "./protocol.js";

/** Buckets whose numbers the writer remembers at once. */
const cachedBuckets = 10_000;
/** Slots that one sweep op handles, so that the writes of others do not wait for a long one. */
const chunkRows = 512;

/** Applies batches to the database, each in one transaction, with the outcome of every op. */
export class BatchWriter {
  readonly #database: DatabaseSync;
  readonly #step: (step: IoStep) => void;
  readonly #sql: Record<keyof typeof statements, StatementSync>;
  readonly #logs: LogWriter;
  readonly #buckets = new Map<string, number>();
  #rev: number;
  #storedRev: number;

  constructor(database: DatabaseSync, step: (step: IoStep) => void, foldRows?: number) {
    this.#database = database;
    this.#step = step;
    this.#sql = prepare(database, statements);
    this.#logs = new LogWriter(database, foldRows);
    this.#rev = this.#storedRev = this.#sql.rev.get()!.rev as number;
  }

  /** Runs everything but the commit; when it throws, nothing of the batch stays. */
  stage(batch: protocol.BatchMessage): number[] {
    try {
      this.#step("begin");
      this.#database.exec("BEGIN IMMEDIATE");
      this.#logs.begin();
      const results: number[] = [];
      const now = batch[0] as number;
      for (let at = 1; at < batch.length; at += protocol.opLength[batch[at] as number]!)
        this.#apply(batch, at, now, results);
      if (this.#rev !== this.#storedRev) this.#sql.setRev.run(this.#rev);
      return results;
    } catch (error) {
      this.rollback();
      throw error;
    }
  }

  /** The throw of a commit does not tell whether it happened. */
  commit(): void {
    this.#step("commit");
    this.#database.exec("COMMIT");
    this.#storedRev = this.#rev;
    this.#step("committed");
  }

  /** Forgets the staged batch, in the database and in what is remembered of it. */
  rollback(): void {
    this.#logs.rollback();
    this.#buckets.clear();
    this.#rev = this.#storedRev;
    // SQLite has rolled back by itself after some failures.
    if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
  }

  /**
   * Moves the recent appends to their logs when enough have gathered, in a transaction of its own: no append waits for
   * it that came before. Tells whether it did; after a throw they are still where they were, or the commit is uncertain.
   */
  foldWhenDue(): boolean {
    if (!this.#logs.foldDue) return false;
    try {
      this.#database.exec("BEGIN IMMEDIATE");
      this.#logs.fold();
      this.#step("fold");
      this.#database.exec("COMMIT");
      this.#step("folded");
    } catch (error) {
      this.#logs.postponeFold();
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      throw error;
    }
    this.#logs.folded();
    return true;
  }

  #apply(batch: protocol.BatchMessage, at: number, now: number, results: number[]): void {
    this.#step("insert");
    switch (batch[at]) {
      case protocol.append:
        this.#logs.append(batch, at, results);
        break;
      case protocol.cas:
        this.#cas(batch, at, now, results);
        break;
      case protocol.trim:
        this.#logs.trim(batch, at, results);
        break;
      case protocol.sweep:
        this.#sweep(batch, at, now, results);
        break;
    }
  }

  #cas(batch: protocol.BatchMessage, at: number, now: number, results: number[]): void {
    const bucket = this.#bucket(batch[at + 1] as string);
    const key = batch[at + 2] as string;
    const value = batch[at + 4] as string | null;
    const current = (this.#sql.liveRev.get(bucket, key)?.rev as number | undefined) ?? 0;
    if (current !== batch[at + 3]) {
      results.push(protocol.conflict, current);
      return;
    }
    const rev = ++this.#rev;
    this.#sql.putSlot.run(bucket, key, rev, value, value === null ? null : batch[at + 5]!, now);
    results.push(protocol.committed, rev);
  }

  #sweep(batch: protocol.BatchMessage, at: number, now: number, results: number[]): void {
    const [, after, tombstonesBefore, expiredBefore] = batch.slice(at, at + 4) as number[];
    const rows = this.#sql.slotsAfter.all(after!, chunkRows);
    for (const row of rows) {
      if (row.live === 0 && (row.changed_at as number) < tombstonesBefore!) {
        this.#sql.raisePurged.run(row.rev!, row.bucket!);
        this.#sql.deleteSlot.run(row.slot!);
      } else if (row.live === 1 && row.expires_at !== null && (row.expires_at as number) < expiredBefore!) {
        this.#sql.burySlot.run(++this.#rev, now, row.slot!);
      }
    }
    results.push(protocol.committed, rows.length === chunkRows ? (rows[chunkRows - 1]!.slot as number) : 0);
  }

  #bucket(name: string): number {
    let bucket = this.#buckets.get(name);
    if (bucket !== undefined) return bucket;
    bucket = (this.#sql.findBucket.get(name) ?? this.#sql.addBucket.get(name)!).bucket as number;
    if (this.#buckets.size >= cachedBuckets) this.#buckets.delete(this.#buckets.keys().next().value!);
    this.#buckets.set(name, bucket);
    return bucket;
  }
}

const statements = {
  rev: "SELECT rev FROM counter",
  setRev: "UPDATE counter SET rev = ?",
  findBucket: "SELECT bucket FROM bucket WHERE name = ?",
  addBucket: "INSERT INTO bucket (name) VALUES (?) RETURNING bucket",
  liveRev: "SELECT rev FROM slot WHERE bucket = ? AND key = ? AND value IS NOT NULL",
  putSlot: `INSERT INTO slot (bucket, key, rev, value, expires_at, changed_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
    ON CONFLICT (bucket, key) DO UPDATE SET rev = ?3, value = ?4, expires_at = ?5, changed_at = ?6`,
  slotsAfter: `SELECT slot, bucket, rev, value IS NOT NULL AS live, expires_at, changed_at FROM slot
    WHERE slot > ? ORDER BY slot LIMIT ?`,
  raisePurged: "UPDATE bucket SET purged_rev = max(purged_rev, ?) WHERE bucket = ?",
  deleteSlot: "DELETE FROM slot WHERE slot = ?",
  burySlot: "UPDATE slot SET value = NULL, expires_at = NULL, rev = ?, changed_at = ? WHERE slot = ?",
} as const;
