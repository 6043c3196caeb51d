import { existsSync, realpathSync } from "node:fs";
import { resolve } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import type {
  AppendResult,
  Backend,
  BackendError,
  CasResult,
  KeyChange,
  KeyEntry,
  LogEntry,
  NewEntry,
  ReadOptions,
  Versioned,
} from "../../kernel/backend.js";
import { type Clock, systemClock } from "../../kernel/clock.js";
import { closedError } from "../closed-error.js";
import { follow, followChanges, type Page } from "../follow.js";
import { checkChange, checkEntry, checkPosition, checkRead, limits } from "../limits.js";
import { expiredKeptMs, sweepEveryMs, tombstoneKeptMs } from "../retention.js";
import { Signals } from "../signals.js";
import { Topic, Topics } from "../topics.js";
import { FollowedLog } from "./followed-log.js";
import type { IoFault } from "./io-fault.js";
import * as protocol from "./protocol.js";
import { Reader } from "./reader.js";
import { type OpResult, Writer } from "./writer.js";

/** Rows that a follower takes from the database at once. */
const pageRows = 256;

export interface SqliteOptions {
  /** The database file; it and its folder are created when missing. */
  path: string;
  clock?: Clock;
  /**
   * Called once when an I/O error made an outcome uncertain or the file is damaged: nothing is acknowledged from then
   * on, every call rejects. The process should exit, and start again to find out what is on disk.
   */
  onFatal?: (error: BackendError) => void;
  /** Injected failures and a size limit, for tests. */
  faults?: IoFault[];
  maxPages?: number;
  /** After how many appends they are folded into their logs; for tests. */
  foldRows?: number;
}

/**
 * Opens the embedded backend: one SQLite file in WAL mode, synchronous=FULL, written by one thread with group commit.
 * Rejects with a BackendError: `locked` when another process has it, `version`, `corrupt`, `read_only`, `full`, `io`.
 */
export async function openSqlite(options: SqliteOptions): Promise<Backend> {
  const path = existsSync(options.path) ? realpathSync(options.path) : resolve(options.path);
  const backend = new SqliteBackend(options.clock ?? systemClock, options.onFatal ?? (() => {}));
  const { faults = [], maxPages, foldRows } = options;
  await backend.open({ path, faults, maxPages, foldRows });
  return backend;
}

class SqliteBackend implements Backend {
  readonly #clock: Clock;
  readonly #onFatal: (error: BackendError) => void;
  readonly #logTopics = new Topics(() => new FollowedLog());
  readonly #bucketTopics = new Topics(() => new Topic());
  readonly #signals = new Signals();
  #writer!: Writer;
  #reader!: Reader;
  #failure: BackendError | undefined;
  #closing: Promise<void> | undefined;
  #cancelSweep: () => void = () => {};

  constructor(clock: Clock, onFatal: (error: BackendError) => void) {
    this.#clock = clock;
    this.#onFatal = onFatal;
  }

  async open(start: protocol.WriterStart): Promise<void> {
    this.#writer = await Writer.start(start, this.#clock, (error) => this.#fail(error));
    try {
      this.#reader = new Reader(start.path);
      this.#reader.loadRecent(this.#writer.recent);
    } catch (error) {
      await this.#writer.close();
      throw error;
    }
    this.#scheduleSweep();
  }

  async append(log: string, entry: NewEntry): Promise<AppendResult> {
    this.#check();
    checkEntry(log, entry);
    const { id, subject, body, expectSeq = -1, deferrable } = entry;
    const result = await this.#writer.submit(
      [protocol.append, log, id, subject, body, expectSeq],
      body.length,
      deferrable,
    );
    if (result.outcome === "unknown") return result;
    const { outcome, number } = definite(result);
    if (outcome === protocol.conflict) return { outcome: "conflict", lastSeq: number };
    const duplicate = outcome === protocol.duplicate;
    const topic = duplicate ? undefined : this.#logTopics.peek(log);
    if (topic) {
      // Replies settle in the order of the positions, so the window stays contiguous.
      topic.add({ seq: number, id, subject, body });
      topic.wake();
    }
    return { outcome: "committed", seq: number, duplicate };
  }

  async read(log: string, options: ReadOptions): Promise<LogEntry[]> {
    this.#check();
    checkRead(options);
    const { fromSeq, subject, id, limit, chars = Number.POSITIVE_INFINITY } = options;
    if (id !== undefined) {
      const entry = this.#writer.recent.entryById(log, id) ?? this.#reader.entryById(log, id);
      return entry && entry.seq >= fromSeq && (subject === undefined || entry.subject === subject)
        ? [entry]
        : [];
    }
    const found: LogEntry[] = [];
    let read = 0;
    for (let position = fromSeq; ; ) {
      const page = this.#page(log, position, subject, limit - found.length);
      for (const entry of page.items) {
        found.push(entry);
        read += entry.body.length;
        if (read >= chars) return found;
      }
      if (!page.more || found.length === limit) return found;
      position = page.next;
      await this.#nextStep();
    }
  }

  async lastSeq(log: string): Promise<number> {
    this.#check();
    return this.#writer.recent.lastSeq(log) || this.#reader.lastSeq(log);
  }

  tail(log: string, options: Parameters<Backend["tail"]>[1]): AsyncIterable<LogEntry> {
    const { fromSeq, subject, signal } = options;
    checkPosition("fromSeq", fromSeq);
    return follow(
      this.#logTopics,
      log,
      fromSeq,
      (position, topic) => topic.from(position, subject) ?? this.#page(log, position, subject, pageRows),
      signal,
    );
  }

  async trim(log: string, options: { beforeSeq: number }): Promise<void> {
    this.#check();
    checkPosition("beforeSeq", options.beforeSeq);
    this.#logTopics.peek(log)?.trim(options.beforeSeq);
    // Chunk by chunk, so that a long trim does not hold up the writes of others.
    let left: number;
    do left = definite(await this.#writer.submit([protocol.trim, log, options.beforeSeq], 0)).number;
    while (left > 0);
  }

  async get(bucket: string, key: string): Promise<Versioned | undefined> {
    this.#check();
    return this.#reader.get(bucket, key);
  }

  async cas(bucket: string, key: string, change: KeyChange): Promise<CasResult> {
    this.#check();
    checkChange(bucket, key, change);
    const { expectRev, value = null, expiresAt = null } = change;
    const op = [protocol.cas, bucket, key, expectRev, value, expiresAt];
    const result = await this.#writer.submit(op, value?.length ?? 0);
    if (result.outcome === "unknown") return result;
    const { outcome, number: rev } = definite(result);
    if (outcome === protocol.conflict) return { outcome: "conflict", rev };
    this.#bucketTopics.peek(bucket)?.wake();
    return { outcome: "committed", rev };
  }

  async list(bucket: string, prefix = ""): Promise<{ entries: KeyEntry[]; rev: number }> {
    this.#check();
    const rev = this.#reader.rev();
    const entries: KeyEntry[] = [];
    for (;;) {
      const page = this.#reader.keys(bucket, prefix, entries.at(-1)?.key);
      entries.push(...page.items);
      if (!page.more) return { entries, rev };
      await this.#nextStep();
    }
  }

  watch(bucket: string, options: Parameters<Backend["watch"]>[1]): ReturnType<Backend["watch"]> {
    checkPosition("fromRev", options.fromRev);
    return followChanges(this.#bucketTopics, bucket, options, (afterRev) =>
      this.#reader.changes(bucket, options.prefix ?? "", afterRev),
    );
  }

  signal(topic: string, payload: string): void {
    this.#check();
    this.#signals.send(topic, payload);
  }

  onSignal(topic: string, listener: (payload: string) => void): () => void {
    this.#check();
    return this.#signals.listen(topic, listener);
  }

  async info(): ReturnType<Backend["info"]> {
    this.#check();
    return { engine: "sqlite", durability: "fsync", version: process.versions.sqlite!, limits };
  }

  close(): Promise<void> {
    this.#closing ??= this.#release();
    return this.#closing;
  }

  async #release(): Promise<void> {
    this.#cancelSweep();
    this.#signals.clear();
    for (const topics of [this.#logTopics, this.#bucketTopics]) topics.fail(closedError());
    // After a failed sync, or beside damage, the reader goes last: a writer that is not the last connection neither syncs
    // again on closing nor copies its log back into the file.
    const readerLast = this.#failure !== undefined || this.#reader.metDamage;
    if (!readerLast) this.#reader.close();
    await this.#writer.close();
    if (readerLast) this.#reader.close();
  }

  #check(): void {
    if (this.#closing) throw closedError();
    if (this.#failure) throw this.#failure;
  }

  /** Folded entries, then the recent ones; without the database where the recent ones are enough. */
  #page(log: string, position: number, subject: string | undefined, limit: number): Page<LogEntry> {
    const { recent } = this.#writer;
    return (
      recent.from(log, position, subject, limit) ??
      recent.after(log, this.#reader.entries(log, position, subject, limit), subject, limit)
    );
  }

  /** Lets the event loop turn between two steps of a long read. */
  async #nextStep(): Promise<void> {
    await nextTurn();
    this.#check();
  }

  #fail(error: BackendError): void {
    this.#failure = error;
    this.#cancelSweep();
    for (const topics of [this.#logTopics, this.#bucketTopics]) topics.fail(error);
    this.#onFatal(error);
  }

  #scheduleSweep(): void {
    this.#cancelSweep = this.#clock.after(sweepEveryMs, () => {
      void this.#sweep().finally(() => {
        if (!this.#closing && !this.#failure) this.#scheduleSweep();
      });
    });
  }

  /** Clean-up only: a failed one is left to the next. */
  async #sweep(): Promise<void> {
    let after = 0;
    do {
      const now = this.#clock.now();
      const op = [protocol.sweep, after, now - tombstoneKeptMs, now - expiredKeptMs];
      const result = await this.#writer.submit(op, 0);
      if (typeof result.outcome === "string") return;
      after = result.number;
      this.#bucketTopics.wakeAll();
    } while (after > 0);
  }
}

/** The outcome of an op that has one; an uncertain one counts as failed where repeating is harmless. */
function definite(result: OpResult): { outcome: number; number: number } {
  if (result.outcome === "failed") throw result.error;
  if (result.outcome === "unknown") throw result.cause;
  return result;
}
