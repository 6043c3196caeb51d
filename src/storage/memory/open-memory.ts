import type {
  AppendResult,
  Backend,
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
import { sweepEveryMs } from "../retention.js";
import { Signals } from "../signals.js";
import { Topic, Topics } from "../topics.js";
import { MemoryBuckets } from "./memory-buckets.js";
import { MemoryLog } from "./memory-log.js";

const pageRows = 256;

/** A backend that lives and dies with the process: for tests, simulations and throw-away daemons. */
export function openMemory(options: { clock?: Clock } = {}): Backend {
  return new MemoryBackend(options.clock ?? systemClock);
}

class MemoryBackend implements Backend {
  readonly #clock: Clock;
  readonly #logs = new Map<string, MemoryLog>();
  readonly #buckets = new MemoryBuckets();
  readonly #logTopics = new Topics(() => new Topic());
  readonly #bucketTopics = new Topics(() => new Topic());
  readonly #signals = new Signals();
  #closed = false;
  #cancelSweep: () => void = () => {};

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#scheduleSweep();
  }

  async append(log: string, entry: NewEntry): Promise<AppendResult> {
    this.#check();
    checkEntry(log, entry);
    let stored = this.#logs.get(log);
    if (!stored) {
      stored = new MemoryLog();
      this.#logs.set(log, stored);
    }
    const result = stored.append(entry);
    if (result.outcome === "committed" && !result.duplicate) this.#logTopics.peek(log)?.wake();
    return result;
  }

  async read(log: string, options: ReadOptions): Promise<LogEntry[]> {
    this.#check();
    checkRead(options);
    return this.#logs.get(log)?.read(options) ?? [];
  }

  async lastSeq(log: string): Promise<number> {
    this.#check();
    return this.#logs.get(log)?.lastSeq ?? 0;
  }

  tail(log: string, options: Parameters<Backend["tail"]>[1]): AsyncIterable<LogEntry> {
    const { fromSeq, subject, signal } = options;
    checkPosition("fromSeq", fromSeq);
    const readPage = (position: number): Page<LogEntry> => {
      const stored = this.#logs.get(log);
      if (!stored) return { items: [], next: position, more: false };
      const items = stored.read({
        fromSeq: position,
        limit: pageRows,
        ...(subject === undefined ? {} : { subject }),
      });
      const more = items.length === pageRows;
      return {
        items,
        next: more ? items[pageRows - 1]!.seq + 1 : Math.max(position, stored.lastSeq + 1),
        more,
      };
    };
    return follow(this.#logTopics, log, fromSeq, readPage, signal);
  }

  async trim(log: string, options: { beforeSeq: number }): Promise<void> {
    this.#check();
    checkPosition("beforeSeq", options.beforeSeq);
    this.#logs.get(log)?.trim(options.beforeSeq);
  }

  async get(bucket: string, key: string): Promise<Versioned | undefined> {
    this.#check();
    return this.#buckets.get(bucket, key);
  }

  async cas(bucket: string, key: string, change: KeyChange): Promise<CasResult> {
    this.#check();
    checkChange(bucket, key, change);
    const result = this.#buckets.cas(bucket, key, change, this.#clock.now());
    if (result.outcome === "committed") this.#bucketTopics.peek(bucket)?.wake();
    return result;
  }

  async list(bucket: string, prefix = ""): Promise<{ entries: KeyEntry[]; rev: number }> {
    this.#check();
    return { entries: this.#buckets.list(bucket, prefix), rev: this.#buckets.rev };
  }

  watch(bucket: string, options: Parameters<Backend["watch"]>[1]): ReturnType<Backend["watch"]> {
    checkPosition("fromRev", options.fromRev);
    return followChanges(this.#bucketTopics, bucket, options, (afterRev) =>
      this.#buckets.changes(bucket, options.prefix ?? "", afterRev, pageRows),
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
    return { engine: "memory", durability: "none", version: process.versions.node, limits };
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancelSweep();
    this.#signals.clear();
    for (const topics of [this.#logTopics, this.#bucketTopics]) topics.fail(closedError());
    this.#logs.clear();
  }

  #check(): void {
    if (this.#closed) throw closedError();
  }

  #scheduleSweep(): void {
    this.#cancelSweep = this.#clock.after(sweepEveryMs, () => {
      if (this.#buckets.sweep(this.#clock.now())) this.#bucketTopics.wakeAll();
      this.#scheduleSweep();
    });
  }
}
