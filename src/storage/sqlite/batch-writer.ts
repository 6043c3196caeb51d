import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { IoStep } from "./io-fault.js";
import * as protocol from "./protocol.js";
import { seqBits } from "./schema.js";

/** Logs and buckets whose numbers the writer remembers at once. */
const cachedNames = 10_000;
/** Rows that one trim or sweep op handles, so that the writes of others do not wait for a long one. */
const chunkRows = 512;

interface KnownLog {
  log: number;
  lastSeq: number;
}

/** Applies batches to the database, each in one transaction, with the outcome of every op. */
export class BatchWriter {
  readonly #database: DatabaseSync;
  readonly #step: (step: IoStep) => void;
  readonly #sql: ReturnType<typeof prepare>;
  readonly #logs = new Map<string, KnownLog>();
  readonly #buckets = new Map<string, number>();
  readonly #touched = new Set<KnownLog>();
  #rev: number;
  #storedRev: number;

  constructor(database: DatabaseSync, step: (step: IoStep) => void) {
    this.#database = database;
    this.#step = step;
    this.#sql = prepare(database);
    this.#rev = this.#storedRev = this.#sql.rev.get()!.rev as number;
  }

  /** Runs everything but the commit; when it throws, nothing of the batch stays. */
  stage(batch: protocol.BatchMessage): number[] {
    try {
      this.#step("begin");
      this.#database.exec("BEGIN IMMEDIATE");
      const results: number[] = [];
      const now = batch[0] as number;
      for (let at = 1; at < batch.length; at += protocol.opLength[batch[at] as number]!)
        this.#apply(batch, at, now, results);
      for (const known of this.#touched) this.#sql.setLastSeq.run(known.lastSeq, known.log);
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
    this.#touched.clear();
    this.#storedRev = this.#rev;
    this.#step("committed");
  }

  /** Forgets the staged batch, in the database and in what is remembered of it. */
  rollback(): void {
    this.#logs.clear();
    this.#buckets.clear();
    this.#touched.clear();
    this.#rev = this.#storedRev;
    // SQLite has rolled back by itself after some failures.
    if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
  }

  #apply(batch: protocol.BatchMessage, at: number, now: number, results: number[]): void {
    this.#step("insert");
    switch (batch[at]) {
      case protocol.append:
        this.#append(batch, at, results);
        break;
      case protocol.cas:
        this.#cas(batch, at, now, results);
        break;
      case protocol.trim:
        this.#trim(batch, at, results);
        break;
      case protocol.sweep:
        this.#sweep(batch, at, now, results);
        break;
    }
  }

  #append(batch: protocol.BatchMessage, at: number, results: number[]): void {
    const known = this.#log(batch[at + 1] as string);
    const id = Buffer.from((batch[at + 2] as string).replaceAll("-", ""), "hex");
    const expectSeq = batch[at + 5] as number;
    if (expectSeq >= 0 && expectSeq !== known.lastSeq) {
      const first = this.#sql.seqOfId.get(id, known.log);
      if (first) results.push(protocol.duplicate, first.seq as number);
      else results.push(protocol.conflict, known.lastSeq);
      return;
    }
    const seq = known.lastSeq + 1;
    const { changes } = this.#sql.insertEntry.run(known.log, seq, id, batch[at + 3]!, batch[at + 4]!);
    if (changes === 0) {
      results.push(protocol.duplicate, this.#sql.seqOfId.get(id, known.log)!.seq as number);
      return;
    }
    known.lastSeq = seq;
    this.#touched.add(known);
    results.push(protocol.committed, seq);
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

  #trim(batch: protocol.BatchMessage, at: number, results: number[]): void {
    const { log } = this.#log(batch[at + 1] as string);
    const { changes } = this.#sql.deleteEntries.run(log, batch[at + 2]!, chunkRows);
    results.push(protocol.committed, changes === chunkRows ? 1 : 0);
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

  #log(name: string): KnownLog {
    let known = this.#logs.get(name);
    if (known) return known;
    const row = this.#sql.findLog.get(name) ?? this.#sql.addLog.get(name)!;
    known = { log: row.log as number, lastSeq: row.last_seq as number };
    remember(this.#logs, name, known);
    return known;
  }

  #bucket(name: string): number {
    let bucket = this.#buckets.get(name);
    if (bucket !== undefined) return bucket;
    bucket = (this.#sql.findBucket.get(name) ?? this.#sql.addBucket.get(name)!).bucket as number;
    remember(this.#buckets, name, bucket);
    return bucket;
  }
}

function remember<T>(names: Map<string, T>, name: string, value: T): void {
  if (names.size >= cachedNames) names.delete(names.keys().next().value!);
  names.set(name, value);
}

function prepare(database: DatabaseSync): Record<keyof typeof statements, StatementSync> {
  const prepared = Object.entries(statements).map(([name, sql]) => [name, database.prepare(sql)]);
  return Object.fromEntries(prepared) as Record<keyof typeof statements, StatementSync>;
}

const statements = {
  findLog: "SELECT log, last_seq FROM log WHERE name = ?",
  addLog: "INSERT INTO log (name, last_seq) VALUES (?, 0) RETURNING log, last_seq",
  setLastSeq: "UPDATE log SET last_seq = ? WHERE log = ?",
  seqOfId: `SELECT pos & ${2 ** seqBits - 1} AS seq FROM entry WHERE id = ? AND log = ?`,
  insertEntry: `INSERT INTO entry (pos, log, id, subject, body) VALUES ((?1 << ${seqBits}) | ?2, ?1, ?3, ?4, ?5)
    ON CONFLICT (id, log) DO NOTHING`,
  deleteEntries: `DELETE FROM entry WHERE pos IN (SELECT pos FROM entry
    WHERE pos >= (?1 << ${seqBits}) AND pos < (?1 << ${seqBits}) + min(?2, 1 << ${seqBits}) ORDER BY pos LIMIT ?3)`,
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
