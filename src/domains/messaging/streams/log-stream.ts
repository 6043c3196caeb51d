import type { StreamScope } from "../../../generated/types.js";
import type { Clock } from "../../../kernel/clock.js";
import { ContractError } from "../../../kernel/contract-error.js";
import type { StreamClosed, StreamEvents, StreamItem } from "../../../kernel/handlers.js";
import type { Ids } from "../../../kernel/ids.js";
import { type EventRecord, isAscii } from "../events/event-record.js";
import type { LogSource, SourceBatch } from "./log-source.js";

/** How a stream came to its end, as far as its reservation cares. */
export type StreamEnd = StreamClosed["reason"] | "dropped";

export interface LogStreamOptions {
  streamId: string;
  scope: StreamScope;
  source: LogSource;
  follow: boolean;
  clock: Clock;
  ids: Ids;
  /** Called once, however the stream ends; resolves when what follows from that is on disk. */
  released: (end: StreamEnd) => Promise<void> | undefined;
}

/** Streams with news; they are woken together when this turn's events are all in. */
let woken: LogStream[] = [];

function wakeAll(): void {
  const streams = woken;
  woken = [];
  for (const stream of streams) stream.wakeNow();
}

/**
 * One open stream. Nothing is read before the reader asks, and nothing is kept for it but one batch: a slow reader costs
 * no memory and misses nothing. Ends by itself after an interaction's terminal event, and from outside by `end`.
 */
export class LogStream implements StreamEvents {
  readonly #options: LogStreamOptions;
  /** The part of every event's JSON before its sequence. */
  readonly #prefix: string;
  #records: readonly EventRecord[] = [];
  #at = 0;
  /** Says what is gone before the records. */
  #truncated: StreamItem | undefined;
  /** Of the item given out last: its reader is done with it when it polls again. */
  readonly #result: IteratorYieldResult<StreamItem> = { done: false, value: undefined as never };
  #closed: StreamClosed | undefined;
  #stored: Promise<void> | undefined;
  /** A batch is on its way from the store. */
  #filling: Promise<void> | undefined;
  #wake: (() => void) | undefined;
  #woken = false;
  readonly #notice = (): void => {
    if (this.#wake === undefined || this.#woken) return;
    this.#woken = true;
    if (woken.push(this) === 1) process.nextTick(wakeAll);
  };

  constructor(options: LogStreamOptions) {
    this.#options = options;
    const { streamId, scope, source } = options;
    this.#prefix = `{"stream_id":"${streamId}","scope":${JSON.stringify(scope)}`;
    source.listeners.add(this.#notice);
  }

  poll(): IteratorResult<StreamItem, StreamClosed> | undefined {
    for (;;) {
      if (this.#closed !== undefined) return { done: true, value: this.#closed };
      if (this.#truncated !== undefined) {
        const value = this.#truncated;
        this.#truncated = undefined;
        return { done: false, value };
      }
      if (this.#at < this.#records.length) {
        this.#result.value = this.#itemOf(this.#records[this.#at++]!);
        return this.#result;
      }
      const { source, follow } = this.#options;
      if (this.#filling !== undefined) return undefined;
      if (!source.atEnd()) this.#fill();
      else if (!follow) this.end("drained");
      // The reader came back for more, so it has the terminal event: from here or, when it resumed behind it, from before.
      else if (source.isOver()) this.end("terminal");
      else return undefined;
    }
  }

  wait(wake: () => void): void {
    this.#wake = wake;
    // What came between the question and now would wake nobody.
    if (this.#closed !== undefined || (this.#filling === undefined && !this.#options.source.atEnd()))
      this.#notice();
  }

  /** Wakes who waits. */
  wakeNow(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    this.#woken = false;
    wake?.();
  }

  async next(): Promise<IteratorResult<StreamItem, StreamClosed>> {
    for (;;) {
      const found = this.poll();
      if (found !== undefined) return { ...found };
      await new Promise<void>((resolve) => this.wait(resolve));
    }
  }

  async return(): Promise<IteratorResult<StreamItem, StreamClosed>> {
    this.end("dropped");
    return { done: true, value: this.#closed! };
  }

  async throw(error: unknown): Promise<IteratorResult<StreamItem, StreamClosed>> {
    this.end("dropped");
    throw error;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.end("dropped");
  }

  /** When its end is on disk, as far as it is kept there; undefined for one that is open or leaves nothing. */
  get stored(): Promise<void> | undefined {
    return this.#stored;
  }

  /** Ends the stream now; the first end stays. */
  end(end: StreamEnd, errorCode?: string): void {
    if (this.#closed !== undefined) return;
    this.#closed = {
      stream_id: this.#options.streamId,
      reason: end === "dropped" ? "closed" : end,
      ...(errorCode === undefined ? {} : { error_code: errorCode }),
    };
    this.#options.source.listeners.delete(this.#notice);
    this.#records = [];
    this.#truncated = undefined;
    this.#notice();
    this.#stored = this.#options.released(end);
  }

  /** Takes the next batch, at once when it is in memory. */
  #fill(): void {
    try {
      const found = this.#options.source.next();
      if (found instanceof Promise) this.#filling = this.#fillLater(found);
      else this.#take(found);
    } catch (thrown) {
      this.end("error", ContractError.from(thrown).code);
    }
  }

  async #fillLater(coming: Promise<SourceBatch>): Promise<void> {
    try {
      const batch = await coming;
      if (this.#closed === undefined) this.#take(batch);
    } catch (thrown) {
      this.end("error", ContractError.from(thrown).code);
    }
    this.#filling = undefined;
    this.#notice();
  }

  #take({ records, truncated }: SourceBatch): void {
    this.#at = 0;
    this.#records = records;
    this.#truncated = truncated === undefined ? undefined : this.#truncatedItem(truncated);
  }

  #itemOf(record: EventRecord): StreamItem {
    const sequence = this.#options.source.sequenceOf(record);
    const json = `${this.#prefix},"sequence":${sequence}${record.tail}`;
    return { sequence, kind: record.kind, json, ascii: isAscii(record) };
  }

  #truncatedItem({ from, to }: { from: number; to: number }): StreamItem {
    const { clock, ids, scope } = this.#options;
    const kind = "stream_truncated";
    const rest = {
      event_id: ids.uuid(),
      at: new Date(clock.now()).toISOString(),
      ...(scope.kind === "interaction" ? { interaction_id: scope.interaction_id } : {}),
      event: { kind, from_sequence: from, to_sequence: to },
    };
    return { sequence: undefined, kind, json: `${this.#prefix},${JSON.stringify(rest).slice(1)}` };
  }
}
