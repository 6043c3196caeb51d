import { setImmediate as nextTurn } from "node:timers/promises";
import type { AgentEvent } from "../../generated/types.js";
import {
  type AppendResult,
  type Backend,
  BackendError,
  type LogEntry,
  type ReadOptions,
} from "../../kernel/backend.js";
import { type Clock, isoTime } from "../../kernel/clock.js";
import {
  decodeRecord,
  type EventRecord,
  encodeRecord,
  encodeTail,
  isTerminal,
  timeOf,
} from "./event-record.js";
import { InteractionCursor } from "./interaction-cursor.js";

/** Recent events that readers get without asking the store. */
const ringEvents = 256;
const ringChars = 2 * 1024 * 1024;
/** Every so many events the time is remembered, for trimming by age. */
const markEvery = 64;
/** Roughly what a record takes beside its text. */
const recordBytes = 256;
const pageEvents = 1024;
/** Characters of events that are read from the store together: a slow reader holds as much. */
const pageChars = 1024 * 1024;

export interface NewEvent {
  id: string;
  interactionId: string;
  event: AgentEvent;
}

interface Pending {
  readonly record: EventRecord;
  /** Settles when the store has answered; never rejects. */
  answered: Promise<void>;
  state: "sent" | "stored" | "failed";
  error: unknown;
  readonly resolve: (record: EventRecord) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * The single writer of a session's events. Sequences are given out in memory and written without waiting for one
 * another; each write expects the position before its own, so that one failure fails all behind it and no gap can come
 * to be. After a failure what is stored is read again before anything else is written. Readers see an event when it is
 * durable, in order.
 */
export class EventLog {
  readonly #backend: Backend;
  readonly #clock: Clock;
  readonly #name: string;
  readonly #interactions = new Map<string, InteractionCursor>();
  readonly #listeners = new Set<() => void>();
  #ring: EventRecord[] = [];
  #ringSize = 0;
  /** The last event alone, which is what all who follow ask for; undefined until the first does. */
  #newest: readonly EventRecord[] | undefined;
  #marks: { sequence: number; at: number }[] = [];
  #first = 1;
  #last = 0;
  #assigned = 0;
  #inFlight: Pending[] = [];
  #broken = false;
  #repair: Promise<void> | undefined;

  constructor(backend: Backend, clock: Clock, sessionId: string) {
    this.#backend = backend;
    this.#clock = clock;
    this.#name = `events/${sessionId}`;
  }

  /** First kept sequence; one above `last` when nothing is kept. */
  get first(): number {
    return this.#first;
  }

  /** Last sequence that readers see. */
  get last(): number {
    return this.#last;
  }

  /** Roughly what the events in memory take. */
  get ringBytes(): number {
    return this.#ringSize + this.#ring.length * recordBytes;
  }

  /** Everything is stored and nothing is in doubt. */
  get quiet(): boolean {
    return this.#inFlight.length === 0 && !this.#broken && this.#repair === undefined;
  }

  get listeners(): Set<() => void> {
    return this.#listeners;
  }

  /** The oldest position below which events can be trimmed by age, with its time in wall milliseconds. */
  get firstMark(): { sequence: number; at: number } | undefined {
    return this.#marks[0];
  }

  /** The newest such position that was written before then; undefined without one. */
  markBefore(wall: number): number | undefined {
    return this.#marks.filter(({ at }) => at < wall).at(-1)?.sequence;
  }

  /** The interaction's cursor, made when there is none. */
  interaction(id: string): InteractionCursor {
    let cursor = this.#interactions.get(id);
    if (cursor === undefined) {
      cursor = new InteractionCursor();
      this.#interactions.set(id, cursor);
    }
    return cursor;
  }

  forget(id: string): void {
    this.#interactions.delete(id);
  }

  /** Interactions that have events here. */
  interactionIds(): IterableIterator<string> {
    return this.#interactions.keys();
  }

  /** `known` gives the string that is in memory already for an interaction's id. */
  async load(known: (id: string) => string): Promise<void> {
    const lastSeq = await this.#backend.lastSeq(this.#name);
    let next = 1;
    let found = false;
    for (;;) {
      const page = await this.#read({ fromSeq: next, limit: pageEvents });
      for (const entry of page) {
        if (!found) this.#first = entry.seq;
        found = true;
        this.#publish(decodeRecord({ ...entry, subject: known(entry.subject) }));
      }
      if (!mayGoOn(page, pageEvents)) break;
      next = page[page.length - 1]!.seq + 1;
      await nextTurn();
    }
    if (!found) this.#first = lastSeq + 1;
    this.#last = Math.max(this.#last, lastSeq);
    this.#assigned = this.#last;
  }

  /**
   * Writes what `compose` returns at the moment when its turn has come; resolves when all of it is durable. `deferrable`:
   * nobody waits for that.
   */
  append(compose: () => readonly NewEvent[], deferrable = false): Promise<EventRecord[]> {
    return this.#broken || this.#repair !== undefined
      ? this.#appendLater(compose)
      : this.#issueAll(compose(), deferrable);
  }

  /** Resolves when the store has answered all that is under way now. */
  async flushed(): Promise<void> {
    await Promise.all(this.#inFlight.map(({ answered }) => answered));
    await this.#repair?.catch(() => {});
  }

  /** Whether the event with the id is stored. */
  async has(id: string): Promise<boolean> {
    return (await this.#backend.read(this.#name, { fromSeq: 1, id, limit: 1 })).length > 0;
  }

  /** Events after the position, oldest first, as far as readers may see; at once when they are in memory. */
  read(after: number, limit: number): readonly EventRecord[] | Promise<readonly EventRecord[]> {
    if (after === this.#last - 1 && this.#ring.length > 0) {
      this.#newest ??= [this.#ring[this.#ring.length - 1]!];
      return this.#newest;
    }
    const ringFirst = this.#last - this.#ring.length + 1;
    if (after + 1 >= ringFirst) {
      const at = after + 1 - ringFirst;
      return this.#ring.slice(at, at + limit);
    }
    return this.#readStored(after, limit);
  }

  /** As `read`, only of one interaction; `next` is the session position up to which the log was looked at. */
  readInteraction(
    id: string,
    after: number,
    limit: number,
  ): { records: EventRecord[]; next: number } | Promise<{ records: EventRecord[]; next: number }> {
    const ringFirst = this.#last - this.#ring.length + 1;
    if (after + 1 < ringFirst) return this.#readStoredInteraction(id, after, limit);
    const records: EventRecord[] = [];
    for (let at = after + 1 - ringFirst; at < this.#ring.length; at += 1) {
      const record = this.#ring[at]!;
      if (record.interactionId === id) records.push(record);
      if (records.length === limit) return { records, next: record.sequence };
    }
    return { records, next: this.#last };
  }

  /** Forgets the events below the position. */
  async trim(first: number): Promise<void> {
    await this.#backend.trim(this.#name, { beforeSeq: first });
    this.#first = Math.max(this.#first, first);
    this.#marks = this.#marks.filter(({ sequence }) => sequence > this.#first);
    this.#ring = this.#ring.filter(({ sequence }) => sequence >= this.#first);
    this.#newest = undefined;
    this.#ringSize = this.#ring.reduce((sum, { tail }) => sum + tail.length, 0);
  }

  async #appendLater(compose: () => readonly NewEvent[]): Promise<EventRecord[]> {
    while (this.#broken || this.#repair !== undefined) await this.#repairOnce();
    return this.#issueAll(compose());
  }

  #issueAll(events: readonly NewEvent[], deferrable = false): Promise<EventRecord[]> {
    const at = isoTime(this.#clock.now());
    const [first, ...others] = events;
    // Nearly always one; and a send is acknowledged with its first event under way.
    if (first !== undefined && others.length === 0)
      return this.#issue(first, at, deferrable).then((record) => [record]);
    return Promise.all(events.map((event) => this.#issue(event, at, deferrable)));
  }

  #issue({ id, interactionId, event }: NewEvent, at: string, deferrable: boolean): Promise<EventRecord> {
    const cursor = this.interaction(interactionId);
    cursor.assigned += 1;
    this.#assigned += 1;
    if (isTerminal(event.kind)) cursor.sealed = true;
    const record: EventRecord = {
      sequence: this.#assigned,
      interactionId,
      interactionSequence: cursor.assigned,
      eventId: id,
      kind: event.kind,
      tail: encodeTail(id, at, interactionId, event),
      ascii: undefined,
    };
    return new Promise((resolve, reject) => {
      const pending: Pending = {
        record,
        answered: Promise.resolve(),
        state: "sent",
        error: undefined,
        resolve,
        reject,
      };
      this.#inFlight.push(pending);
      pending.answered = this.#backend
        .append(this.#name, {
          id,
          subject: interactionId,
          body: encodeRecord(record),
          expectSeq: record.sequence - 1,
          deferrable,
        })
        .then(
          (result) => this.#answered(pending, result),
          (error: unknown) => this.#fail(pending, error),
        );
    });
  }

  #answered(pending: Pending, result: AppendResult): void {
    const { outcome } = result;
    if (outcome === "committed" && result.seq === pending.record.sequence) {
      pending.state = "stored";
      if (!this.#broken) this.#publishStored();
      return;
    }
    const cause = outcome === "unknown" ? result.cause : result;
    this.#fail(pending, new BackendError("io", "an event before this one was not stored", { cause }));
  }

  #fail(pending: Pending, error: unknown): void {
    pending.state = "failed";
    pending.error = error;
    this.#broken = true;
    this.#repairOnce().catch(() => {});
  }

  #publishStored(): void {
    let count = 0;
    while (this.#inFlight[count]?.state === "stored") {
      const { record, resolve } = this.#inFlight[count]!;
      this.#publish(record);
      resolve(record);
      count += 1;
    }
    if (count === 0) return;
    const published = this.#inFlight.splice(0, count);
    this.#tell(published.map(({ record }) => record));
  }

  #repairOnce(): Promise<void> {
    this.#repair ??= this.#reread().finally(() => {
      this.#repair = undefined;
    });
    return this.#repair;
  }

  /** Finds out what is stored: publishes that, and fails the rest. */
  async #reread(): Promise<void> {
    await Promise.all(this.#inFlight.map(({ answered }) => answered));
    const pending = this.#inFlight;
    const stored = new Set<string>();
    let failure: unknown;
    try {
      const found: EventRecord[] = [];
      for (;;) {
        const page = await this.#backend.read(this.#name, { fromSeq: this.#last + 1, limit: pageEvents });
        for (const entry of page) {
          const record = decodeRecord(entry);
          this.#publish(record);
          found.push(record);
          stored.add(record.eventId);
        }
        if (page.length < pageEvents) break;
      }
      this.#tell(found);
      this.#broken = false;
    } catch (error) {
      failure = error;
    }
    this.#inFlight = [];
    this.#assigned = this.#last;
    for (const { record } of pending)
      if (!stored.has(record.eventId)) this.#interactions.get(record.interactionId)?.rollBack(record);
    for (const { record, error, resolve, reject } of pending) {
      if (stored.has(record.eventId)) resolve(record);
      else reject(failure ?? error ?? new BackendError("io", "an event before this one was not stored"));
    }
    if (failure !== undefined) throw failure;
  }

  #publish(record: EventRecord): void {
    this.interaction(record.interactionId).publish(record);
    this.#last = record.sequence;
    this.#newest = undefined;
    if (record.sequence % markEvery === 0)
      this.#marks.push({ sequence: record.sequence, at: timeOf(record) });
    this.#ring.push(record);
    this.#ringSize += record.tail.length;
    if (this.#ring.length > 2 * ringEvents || this.#ringSize > 2 * ringChars) this.#shrinkRing();
  }

  #shrinkRing(): void {
    let keepFrom = Math.max(0, this.#ring.length - ringEvents);
    let size = 0;
    for (let at = this.#ring.length - 1; at >= keepFrom; at -= 1) {
      size += this.#ring[at]!.tail.length;
      if (size > ringChars) keepFrom = at + 1;
    }
    this.#ring = this.#ring.slice(keepFrom);
    this.#ringSize = this.#ring.reduce((sum, { tail }) => sum + tail.length, 0);
  }

  #tell(records: readonly EventRecord[]): void {
    for (const listener of this.#listeners) listener();
    const first = records[0]?.interactionId;
    if (first === undefined) return;
    if (records.every(({ interactionId }) => interactionId === first)) this.#interactions.get(first)?.tell();
    else
      for (const id of new Set(records.map(({ interactionId }) => interactionId)))
        this.#interactions.get(id)?.tell();
  }

  async #readStored(after: number, limit: number): Promise<EventRecord[]> {
    const entries = await this.#read({ fromSeq: after + 1, limit });
    return entries.filter(({ seq }) => seq <= this.#last).map(decodeRecord);
  }

  async #readStoredInteraction(
    id: string,
    after: number,
    limit: number,
  ): Promise<{ records: EventRecord[]; next: number }> {
    const last = this.#last;
    const entries = await this.#read({ fromSeq: after + 1, subject: id, limit });
    const records = entries.filter(({ seq }) => seq <= last).map(decodeRecord);
    return { records, next: mayGoOn(entries, limit) ? (records.at(-1)?.sequence ?? after) : last };
  }

  #read(options: ReadOptions): Promise<LogEntry[]> {
    return this.#backend.read(this.#name, { ...options, chars: pageChars });
  }
}

/** Whether there may be more behind entries that were read up to `limit` or `pageChars`. */
function mayGoOn(entries: readonly LogEntry[], limit: number): boolean {
  return entries.length === limit || entries.reduce((sum, { body }) => sum + body.length, 0) >= pageChars;
}
