import type { DatabaseSync, StatementSync } from "node:sqlite";
import { prepare } from "./prepare.js";
import * as protocol from "./protocol.js";
import { seqBits } from "./schema.js";

/** Logs that are remembered at once, beside those with recent entries. */
const cachedLogs = 10_000;
/** Entries that one trim op removes, so that the writes of others do not wait for a long one. */
const chunkRows = 512;
/**
 * Recent appends, and their size, at which they are folded: so many that a log's pages are written seldom, so few that
 * no append waits long for it.
 */
const defaultFoldRows = 2_000;
const foldChars = 4 * 1024 * 1024;

interface KnownLog {
  log: number;
  lastSeq: number;
  /** Whether it may have folded entries, among which to look for an id. */
  folded: boolean;
  /** Positions of the recent entries by id; undefined when there are none. */
  recent: Map<string, number> | undefined;
}

/**
 * The logs' side of a batch. An append goes to the end of one table for all logs; a fold moves what gathered there to
 * the entries, which lie by log and are indexed. What the next append must know of the recent ones is kept in memory.
 */
export class LogWriter {
  readonly #sql: Record<keyof typeof statements, StatementSync>;
  readonly #logs = new Map<string, KnownLog>();
  readonly #foldRows: number;
  #rows = 0;
  #chars = 0;
  #foldAt: number;
  #stale = false;

  constructor(database: DatabaseSync, foldRows = defaultFoldRows) {
    this.#sql = prepare(database, statements);
    this.#foldRows = this.#foldAt = foldRows;
    this.#load();
  }

  /** Begins a transaction's part here. */
  begin(): void {
    if (this.#stale) this.#load();
  }

  /** The transaction did not happen: what is remembered is read again before the next. */
  rollback(): void {
    this.#stale = true;
  }

  append(batch: protocol.BatchMessage, at: number, results: number[]): void {
    const known = this.#log(batch[at + 1] as string);
    const id = batch[at + 2] as string;
    const first = known.recent?.get(id) ?? this.#foldedSeq(known, id);
    if (first !== undefined) {
      results.push(protocol.duplicate, first);
      return;
    }
    const expectSeq = batch[at + 5] as number;
    if (expectSeq >= 0 && expectSeq !== known.lastSeq) {
      results.push(protocol.conflict, known.lastSeq);
      return;
    }
    const body = batch[at + 4] as string;
    const seq = known.lastSeq + 1;
    this.#sql.insertRecent.run(known.log, seq, id, batch[at + 3]!, body);
    this.#remember(known, id, seq, body.length);
    results.push(protocol.committed, seq);
  }

  trim(batch: protocol.BatchMessage, at: number, results: number[]): void {
    const known = this.#log(batch[at + 1] as string);
    const beforeSeq = batch[at + 2] as number;
    const { changes } = this.#sql.deleteEntries.run(known.log, beforeSeq, chunkRows);
    const more = changes === chunkRows;
    if (!more && known.recent) this.#trimRecent(known, known.recent, beforeSeq);
    results.push(protocol.committed, more ? 1 : 0);
  }

  /** Whether enough gathered for a fold. */
  get foldDue(): boolean {
    return !this.#stale && this.#rows > 0 && (this.#rows >= this.#foldAt || this.#chars >= foldChars);
  }

  /** Moves the recent appends to the entries, within the caller's transaction. */
  fold(): void {
    this.#sql.foldEntries.run();
    this.#sql.foldLastSeqs.run();
    this.#sql.forgetRecent.run();
  }

  /** The fold is committed. */
  folded(): void {
    for (const known of this.#logs.values()) {
      known.folded ||= known.recent !== undefined;
      known.recent = undefined;
    }
    this.#rows = this.#chars = 0;
    this.#foldAt = this.#foldRows;
  }

  /** The fold was undone: the next try comes when as much has gathered again. */
  postponeFold(): void {
    this.#foldAt = this.#rows + this.#foldRows;
    this.#chars = 0;
  }

  #foldedSeq(known: KnownLog, id: string): number | undefined {
    if (!known.folded) return undefined;
    return this.#sql.seqOfId.get(id, known.log)?.seq as number | undefined;
  }

  #trimRecent(known: KnownLog, recent: Map<string, number>, beforeSeq: number): void {
    const oldest = recent.values().next().value;
    if (oldest === undefined || oldest >= beforeSeq) return;
    // Looks through all rows: there are few, and trims are seldom.
    this.#sql.deleteRecent.run(known.log, beforeSeq);
    // The fold will not see these positions, perhaps the last one among them; what is left stays above.
    this.#sql.setLastSeq.run(Math.min(beforeSeq - 1, known.lastSeq), known.log);
    for (const [id, seq] of recent) {
      if (seq >= beforeSeq) break;
      recent.delete(id);
      this.#rows--;
    }
  }

  #log(name: string): KnownLog {
    let known = this.#logs.get(name);
    if (known) return known;
    if (this.#logs.size >= cachedLogs) this.#forgetQuiet();
    const row = this.#sql.findLog.get(name) ?? this.#sql.addLog.get(name)!;
    const lastSeq = row.last_seq as number;
    known = { log: row.log as number, lastSeq, folded: lastSeq > 0, recent: undefined };
    this.#logs.set(name, known);
    return known;
  }

  /** Without recent entries a log's row says all there is to know of it. */
  #forgetQuiet(): void {
    for (const [name, { recent }] of this.#logs) if (!recent) this.#logs.delete(name);
  }

  #remember(known: KnownLog, id: string, seq: number, chars: number): void {
    known.recent ??= new Map();
    known.recent.set(id, seq);
    known.lastSeq = seq;
    this.#rows++;
    this.#chars += chars;
  }

  #load(): void {
    this.#logs.clear();
    this.#rows = this.#chars = 0;
    for (const { name, id, seq, chars } of this.#sql.recentIds.iterate())
      this.#remember(this.#log(name as string), id as string, seq as number, chars as number);
    this.#stale = false;
  }
}

const statements = {
  findLog: "SELECT log, last_seq FROM log WHERE name = ?",
  addLog: "INSERT INTO log (name, last_seq) VALUES (?, 0) RETURNING log, last_seq",
  setLastSeq: "UPDATE log SET last_seq = ? WHERE log = ?",
  seqOfId: `SELECT pos & ${2 ** seqBits - 1} AS seq FROM entry WHERE id = unhex(?, '-') AND log = ?`,
  insertRecent: "INSERT INTO recent (log, seq, id, subject, body) VALUES (?, ?, ?, ?, ?)",
  recentIds: `SELECT log.name, recent.id, recent.seq, length(recent.body) AS chars
    FROM recent JOIN log USING (log) ORDER BY n`,
  foldEntries: `INSERT INTO entry (pos, log, id, subject, body)
    SELECT (log << ${seqBits}) | seq, log, unhex(id, '-'), subject, body FROM recent ORDER BY log, seq`,
  foldLastSeqs: `UPDATE log SET last_seq = newest.seq
    FROM (SELECT log, max(seq) AS seq FROM recent GROUP BY log) AS newest WHERE log.log = newest.log`,
  forgetRecent: "DELETE FROM recent",
  deleteRecent: "DELETE FROM recent WHERE log = ? AND seq < ?",
  deleteEntries: `DELETE FROM entry WHERE pos IN (SELECT pos FROM entry
    WHERE pos >= (?1 << ${seqBits}) AND pos < (?1 << ${seqBits}) + min(?2, 1 << ${seqBits}) ORDER BY pos LIMIT ?3)`,
} as const;
