import type { CommsStreamEvent, CommsStreamResponse } from "../../generated/types.js";
import type { OpenStream, StreamClosed } from "../../kernel/handlers.js";

/** How an embedder ends a stream: for good, or so that it may be resumed. */
export interface StreamEnds {
  close(streamId: string): Promise<void>;
  detach(): void;
}

/** A log's events as an async iterator, each the reader's own copy. Leaving a `for await` loop closes the stream for good. */
export class EventStream implements AsyncIterableIterator<CommsStreamEvent, void>, AsyncDisposable {
  readonly opened: CommsStreamResponse;
  readonly #events: OpenStream["events"];
  readonly #ends: StreamEnds;
  #closed: StreamClosed | undefined;
  /** The log's stream answers one question at a time. */
  #asked: Promise<unknown> = Promise.resolve();

  constructor(open: OpenStream, ends: StreamEnds) {
    this.opened = open.opened as CommsStreamResponse;
    this.#events = open.events;
    this.#ends = ends;
  }

  /** Why the stream ended; undefined while it has not. */
  get closed(): StreamClosed | undefined {
    return this.#closed;
  }

  next(): Promise<IteratorResult<CommsStreamEvent, void>> {
    const answer = this.#asked.then(() => this.#next());
    this.#asked = answer.catch(() => undefined);
    return answer;
  }

  async #next(): Promise<IteratorResult<CommsStreamEvent, void>> {
    const { done, value } = await this.#events.next();
    if (done !== true) return { done: false, value: JSON.parse(value.json) as CommsStreamEvent };
    this.#closed = value;
    this.#ends.detach();
    return { done: true, value: undefined };
  }

  async return(): Promise<IteratorResult<CommsStreamEvent, void>> {
    await this.close();
    return { done: true, value: undefined };
  }

  /** Ends the stream for good: an interaction's reservation is given up. Safe to repeat. */
  async close(): Promise<void> {
    if (this.#closed === undefined) await this.#ends.close(this.opened.stream_id);
    await this.next();
  }

  /** Ends the stream as a dropped connection would: an interaction's reservation waits again for a reader. */
  async detach(): Promise<void> {
    this.#ends.detach();
    await this.next();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
