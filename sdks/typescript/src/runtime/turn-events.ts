import type { HostEvent } from "../generated/types.js";

type WithoutTurn<E> = E extends { turn_id: string } ? Omit<E, "turn_id"> & { turn_id?: string } : E;

/** An event that a handler may emit; the turn fills in its own `turn_id`. */
export type TurnEvent = WithoutTurn<HostEvent>;

const longestDelta = 65_536;
const longestBatch = 64;
const largestBatch = 256 * 1024;

interface Waiting {
  event: HostEvent;
  done(): void;
  failed(error: unknown): void;
}

/**
 * Sends a turn's events in order, one call at a time: what is emitted while a call runs goes along with the next one,
 * neighbouring deltas of text or of reasoning as one.
 */
export class TurnEvents {
  readonly #append: (events: HostEvent[]) => Promise<void>;
  readonly #queue: Waiting[] = [];
  #running: Promise<void> | undefined;

  constructor(append: (events: HostEvent[]) => Promise<void>) {
    this.#append = append;
  }

  /** Resolves when the event is durable. */
  push(event: HostEvent): Promise<void> {
    const durable = new Promise<void>((done, failed) => {
      this.#queue.push({ event, done, failed });
    });
    // A handler that does not wait hears of the failure by its signal.
    durable.catch(() => {});
    this.#running ??= this.#run();
    return durable;
  }

  /** Resolves when nothing waits. */
  async flush(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    // What is emitted in the same tick travels together.
    await Promise.resolve();
    while (this.#queue.length > 0) {
      const batch = this.#take();
      try {
        await this.#append(merge(batch.map(({ event }) => event)));
        for (const { done } of batch) done();
      } catch (error) {
        for (const { failed } of [...batch, ...this.#queue.splice(0)]) failed(error);
      }
    }
    this.#running = undefined;
  }

  #take(): Waiting[] {
    let size = 0;
    let count = 0;
    for (const { event } of this.#queue.slice(0, longestBatch)) {
      size += isDelta(event) ? event.delta.length : JSON.stringify(event).length;
      if (count > 0 && size > largestBatch) break;
      count += 1;
    }
    return this.#queue.splice(0, count);
  }
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
