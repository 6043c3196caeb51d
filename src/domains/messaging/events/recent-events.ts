import type { EventRecord } from "./event-record.js";

const mostEvents = 256;
const mostChars = 2 * 1024 * 1024;
/** Memory that a record takes beside its text, bytes, estimated. */
const recordBytes = 256;

/** A session's newest events in memory: readers that keep up are served from here, not from the store. */
export class RecentEvents {
  #records: EventRecord[] = [];
  #chars = 0;
  /** The last event alone, which every reader that follows asks for; undefined until the first does. */
  #newest: readonly EventRecord[] | undefined;

  /** Memory that they take, bytes, estimated. */
  get bytes(): number {
    return this.#chars + this.#records.length * recordBytes;
  }

  /** Events behind `after`; undefined when some of them are no longer here. `last`: position of the newest event. */
  after(after: number, last: number, limit: number): readonly EventRecord[] | undefined {
    const length = this.#records.length;
    if (after === last - 1 && length > 0) {
      this.#newest ??= [this.#records[length - 1]!];
      return this.#newest;
    }
    const at = after - last + length;
    return at < 0 ? undefined : this.#records.slice(at, at + limit);
  }

  /** As `after`, of one interaction; `next` is the position up to which events were looked at. */
  ofInteraction(
    id: string,
    after: number,
    last: number,
    limit: number,
  ): { records: EventRecord[]; next: number } | undefined {
    let at = after - last + this.#records.length;
    if (at < 0) return undefined;
    const records: EventRecord[] = [];
    for (; at < this.#records.length; at += 1) {
      const record = this.#records[at]!;
      if (record.interactionId === id) records.push(record);
      if (records.length === limit) return { records, next: record.sequence };
    }
    return { records, next: last };
  }

  add(record: EventRecord): void {
    this.#newest = undefined;
    this.#records.push(record);
    this.#chars += record.tail.length;
    if (this.#records.length > 2 * mostEvents || this.#chars > 2 * mostChars) this.#shrink();
  }

  /** Forgets the events below the position. */
  trim(first: number): void {
    this.#keep(this.#records.filter(({ sequence }) => sequence >= first));
  }

  #shrink(): void {
    let keepFrom = Math.max(0, this.#records.length - mostEvents);
    let chars = 0;
    for (let at = this.#records.length - 1; at >= keepFrom; at -= 1) {
      chars += this.#records[at]!.tail.length;
      if (chars > mostChars) keepFrom = at + 1;
    }
    this.#keep(this.#records.slice(keepFrom));
  }

  #keep(records: EventRecord[]): void {
    this.#records = records;
    this.#newest = undefined;
    this.#chars = records.reduce((sum, { tail }) => sum + tail.length, 0);
  }
}
