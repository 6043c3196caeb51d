import type { HostEvent } from "../generated/types.js";

type WithoutTurn<E> = E extends { turn_id: string } ? Omit<E, "turn_id"> & { turn_id?: string } : E;

/** An event that a handler may emit; the turn fills in its own `turn_id`. */
export type TurnEvent = WithoutTurn<HostEvent>;

const longestDelta = 65_536;
const longestBatch = 64;
const largestBatch = 256 * 1024;
/** Bytes of events that are kept while the daemon is away; what exceeds them waits. */
export const bufferBytes = 8 * 1024 * 1024;
/** A batch that takes longer counts as held up by an outage, milliseconds. */
const lateAfter = 1_000;

/** Events with the key under which a repeat of them is appended once. */
export interface EventBatch {
  readonly events: HostEvent[];
  readonly key: string;
}

export interface TurnEventsDeps {
  /**
   * Appends a batch, with as many tries as it takes; calls `outage` when one was ended by an outage. Rejects when the batch
   * is refused for good.
   */
  append(batch: EventBatch, outage: () => void): Promise<void>;
  uuid(): string;
  delay(ms: number, signal: AbortSignal): Promise<void>;
}

interface Queued {
  readonly event: HostEvent;
  readonly bytes: number;
}

interface Waiter {
  /** Bytes of everything that was pushed so far, the event included. */
  readonly through: number;
  done(): void;
  failed(error: unknown): void;
}

/**
 * Sends a turn's events in order, one call at a time: what is emitted while a call runs goes along with the next one,
 * neighbouring deltas of text or of reasoning as one. While the daemon is away, events up to `bufferBytes` are kept, and an
 * emit above that waits.
 */
export class TurnEvents {
  readonly #deps: TurnEventsDeps;
  #queue: Queued[] = [];
  #waiters: Waiter[] = [];
  /** Bytes pushed and stored so far. */
  #pushed = 0;
  #stored = 0;
  #outage = false;
  #running: Promise<void> | undefined;
  #refusal: { error: unknown } | undefined;
  #dropped: { reason: unknown } | undefined;

  constructor(deps: TurnEventsDeps) {
    this.#deps = deps;
  }

  /** Some events are not durable yet. */
  get pending(): boolean {
    return this.#running !== undefined;
  }

  /** Why an event was refused whose emit had resolved before, because the daemon was away. */
  get refusal(): { readonly error: unknown } | undefined {
    return this.#refusal;
  }

  /** Resolves when the event is durable or, while the daemon is away, kept. */
  push(event: HostEvent): Promise<void> {
    if (this.#dropped !== undefined) return rejected(this.#dropped.reason);
    const bytes = bytesOf(event);
    this.#queue.push({ event, bytes });
    this.#pushed += bytes;
    const emitted = new Promise<void>((done, failed) => {
      this.#waiters.push({ through: this.#pushed, done, failed });
    });
    // A handler that does not wait learns of the failure by its signal.
    emitted.catch(() => {});
    this.#release();
    this.#running ??= this.#run();
    return emitted;
  }

  /** Resolves when everything is durable, or refused. */
  async flush(): Promise<void> {
    await this.#running;
  }

  /** Drops what waits: the turn is void. */
  drop(reason: unknown): void {
    this.#dropped ??= { reason };
    this.#queue = [];
    for (const { failed } of this.#waiters.splice(0)) failed(reason);
  }

  async #run(): Promise<void> {
    // What is emitted in the same tick travels together.
    await Promise.resolve();
    while (this.#queue.length > 0) await this.#send(this.#take());
    this.#running = undefined;
  }

  async #send(batch: readonly Queued[]): Promise<void> {
    try {
      await this.#append(batch);
      this.#outage = false;
      this.#settle(batch);
    } catch (error) {
      if (this.#dropped !== undefined) return;
      // One event at fault does not take its neighbours along.
      if (batch.length > 1) for (const one of batch) await this.#send([one]);
      else this.#refuse(batch, error);
    }
  }

  async #append(batch: readonly Queued[]): Promise<void> {
    const answered = new AbortController();
    const outage = (): void => {
      this.#outage = true;
      this.#release();
    };
    void this.#deps.delay(lateAfter, answered.signal).then(() => answered.signal.aborted || outage());
    try {
      const events = merge(batch.map(({ event }) => event));
      await this.#deps.append({ events, key: this.#deps.uuid() }, outage);
    } finally {
      answered.abort();
    }
  }

  #settle(batch: readonly Queued[]): void {
    for (const { bytes } of batch) this.#stored += bytes;
    this.#release();
  }

  #refuse(batch: readonly Queued[], error: unknown): void {
    const [first] = this.#waiters;
    const through = batch.reduce((sum, { bytes }) => sum + bytes, this.#stored);
    if (first === undefined || first.through > through) this.#refusal ??= { error };
    else this.#waiters.shift()?.failed(error);
    this.#settle(batch);
  }

  /** Resolves the emits of what is stored and, during an outage, of what fits into the buffer. */
  #release(): void {
    const through = this.#stored + (this.#outage ? bufferBytes : 0);
    let count = 0;
    while (count < this.#waiters.length && this.#waiters[count]!.through <= through) count += 1;
    for (const { done } of this.#waiters.splice(0, count)) done();
  }

  /** As much as fits into one call. */
  #take(): Queued[] {
    let bytes = 0;
    let count = 0;
    for (const one of this.#queue.slice(0, longestBatch)) {
      bytes += one.bytes;
      if (count > 0 && bytes > largestBatch) break;
      count += 1;
    }
    return this.#queue.splice(0, count);
  }
}

function bytesOf(event: HostEvent): number {
  return new TextEncoder().encode(JSON.stringify(event)).length;
}

function merge(events: HostEvent[]): HostEvent[] {
  const merged: HostEvent[] = [];
  for (const event of events) {
    const last = merged.at(-1);
    const joins =
      isDelta(event) &&
      last?.kind === event.kind &&
      last.turn_id === event.turn_id &&
      last.delta.length + event.delta.length <= longestDelta;
    if (joins) merged[merged.length - 1] = { ...last, delta: last.delta + event.delta };
    else merged.push(event);
  }
  return merged;
}

function isDelta(event: HostEvent): event is Extract<HostEvent, { delta: string }> {
  return event.kind === "text_delta" || event.kind === "reasoning_delta";
}

function rejected(reason: unknown): Promise<void> {
  const failure = Promise.reject(reason);
  failure.catch(() => {});
  return failure;
}

/** Cuts a text into pieces that fit one delta each, never inside a surrogate pair. */
export function cutText(text: string): string[] {
  const pieces: string[] = [];
  for (let start = 0; start < text.length; ) {
    let end = Math.min(text.length, start + longestDelta);
    const last = text.charCodeAt(end - 1);
    if (end < text.length && last >= 0xd800 && last <= 0xdbff) end -= 1;
    pieces.push(text.slice(start, end));
    start = end;
  }
  return pieces;
}
