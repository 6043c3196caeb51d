import { setImmediate as nextTurn } from "node:timers/promises";
import type { AgentEvent } from "../../../generated/types.js";
import {
  type AppendResult,
  type Backend,
  BackendError,
  type LogEntry,
  type ReadOptions,
} from "../../../kernel/backend.js";
import { type Clock, isoTime } from "../../../kernel/clock.js";
import { decodeRecord, type EventRecord, encodeRecord, encodeTail, timeOf } from "./event-record.js";
import { InteractionCursor } from "./interaction-cursor.js";
import { RecentEvents } from "./recent-events.js";

/** Events between two positions whose time is remembered, for trimming by age. */
const markEvery = 64;
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
  /** `elsewhere`: its id is stored at an earlier position. */
  state: "sent" | "stored" | "elsewhere" | "failed";
  error: unknown;
  /** Resolves when the event is durable; rejects when it is not stored. */
  readonly durable: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * The single writer of a session's events. Sequences are assigned in memory and written without waiting for one another;
 * each write expects the position before its own, so that one failure fails all behind it and no gap can appear. An id is
 * in flight once: a repeat joins it. After a failure the log reads what is stored before it writes again, and every
 * interaction continues behind its last published event. Readers see an event when it is durable, in order.
 */
export class EventLog {
  readonly #backend: Backend;
  readonly #clock: Clock;
  readonly #name: string;
  readonly #interactions = new Map<string, InteractionCursor>();
  readonly #listeners = new Set<() => void>();
  readonly #recent = new RecentEvents();
  #marks: { sequence: number; at: number }[] = [];
  #first = 1;
  #last = 0;
  #assigned = 0;
  /** By event id, in the order of their sequences. */
  readonly #inFlight = new Map<string, Pending>();
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

  /** Memory that its recent events take, bytes, estimated. */
  get recentBytes(): number {
    return this.#recent.bytes;
  }

  /** Everything is stored and nothing is in doubt. */
  get quiet(): boolean {
    return this.#inFlight.size === 0 && !this.#broken && this.#repair === undefined;
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
   * Writes the events that `compose` returns when its turn has come, except those that are stored or in flight; resolves
   * when all of them are durable. `deferrable`: no caller waits for that.
   */
  append(compose: () => readonly NewEvent[], deferrable = false): Promise<void> {
    return this.#broken || this.#repair !== undefined
      ? this.#appendLater(compose)
      : this.#writeAll(compose(), deferrable);
  }

  /** Whether the event is stored or in flight. */
  has({ id, interactionId }: Pick<NewEvent, "id" | "interactionId">): boolean {
    return this.#inFlight.has(id) || this.interaction(interactionId).has(id);
  }

  /** Resolves when the store has answered everything that is in flight now. */
  async flushed(): Promise<void> {
    await Promise.all([...this.#inFlight.values()].map(({ answered }) => answered));
    await this.#repair?.catch(() => {});
  }

  /** Events after the position, oldest first, as far as readers may see; at once when they are in memory. */
  read(after: number, limit: number): readonly EventRecord[] | Promise<readonly EventRecord[]> {
    return this.#recent.after(after, this.#last, limit) ?? this.#readStored(after, limit);
  }

  /** As `read`, only of one interaction; `next` is the session position up to which the log was looked at. */
  readInteraction(
    id: string,
    after: number,
    limit: number,
  ): { records: EventRecord[]; next: number } | Promise<{ records: EventRecord[]; next: number }> {
    return (
      this.#recent.ofInteraction(id, after, this.#last, limit) ??
      this.#readStoredInteraction(id, after, limit)
    );
  }

  /** Forgets the events below the position. */
  async trim(first: number): Promise<void> {
    await this.#backend.trim(this.#name, { beforeSeq: first });
    this.#first = Math.max(this.#first, first);
    this.#marks = this.#marks.filter(({ sequence }) => sequence > this.#first);
    this.#recent.trim(this.#first);
  }

  async #appendLater(compose: () => readonly NewEvent[]): Promise<void> {
    while (this.#broken || this.#repair !== undefined) await this.#repairOnce();
    await this.#writeAll(compose());
  }

  async #writeAll(events: readonly NewEvent[], deferrable = false): Promise<void> {
    const at = isoTime(this.#clock.now());
    const [first, ...others] = events;
    // Nearly always one; and a send is acknowledged while its first event is in flight.
    if (first !== undefined && others.length === 0) return this.#write(first, at, deferrable);
    await Promise.all(events.map((event) => this.#write(event, at, deferrable)));
  }

  #write(event: NewEvent, at: string, deferrable: boolean): Promise<void> | undefined {
    const first = this.#inFlight.get(event.id);
    if (first !== undefined) return first.durable;
    return this.interaction(event.interactionId).has(event.id)
      ? undefined
      : this.#issue(event, at, deferrable);
  }

  #issue({ id, interactionId, event }: NewEvent, at: string, deferrable: boolean): Promise<void> {
    const cursor = this.interaction(interactionId);
    this.#assigned += 1;
    const record: EventRecord = {
      sequence: this.#assigned,
      interactionId,
      interactionSequence: cursor.assigned + 1,
      eventId: id,
      kind: event.kind,
      tail: encodeTail(id, at, interactionId, event),
      ascii: undefined,
    };
    cursor.assign(record);
    const { promise: durable, resolve, reject } = Promise.withResolvers<void>();
    const pending: Pending = {
      record,
      answered: Promise.resolve(),
      state: "sent",
      error: undefined,
      durable,
      resolve,
      reject,
    };
    this.#inFlight.set(id, pending);
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
        (error: unknown) => this.#fail(pending, "failed", error),
      );
    return durable;
  }

  #answered(pending: Pending, result: AppendResult): void {
    const { outcome } = result;
    if (outcome === "committed" && result.seq === pending.record.sequence) {
      pending.state = "stored";
      if (!this.#broken) this.#publishStored();
      return;
    }
    const cause = outcome === "unknown" ? result.cause : result;
    this.#fail(
      pending,
      outcome === "committed" ? "elsewhere" : "failed",
      new BackendError("io", "an event before this one was not stored", { cause }),
    );
  }

  #fail(pending: Pending, state: "elsewhere" | "failed", error: unknown): void {
    pending.state = state;
    pending.error = error;
    this.#broken = true;
    this.#repairOnce().catch(() => {});
  }

  #publishStored(): void {
    const published: EventRecord[] = [];
    for (const [id, { state, record, resolve }] of this.#inFlight) {
      if (state !== "stored") break;
      this.#inFlight.delete(id);
      this.#publish(record);
      resolve();
      published.push(record);
    }
    if (published.length > 0) this.#notify(published);
  }

  #repairOnce(): Promise<void> {
    this.#repair ??= this.#reread().finally(() => {
      this.#repair = undefined;
    });
    return this.#repair;
  }

  /** Reads what is stored, publishes it, and fails every event in flight whose own record is not among it. */
  async #reread(): Promise<void> {
    await Promise.all([...this.#inFlight.values()].map(({ answered }) => answered));
    const pending = [...this.#inFlight.values()];
    /** Ids by sequence. */
    const stored = new Map<number, string>();
    let failure: unknown;
    try {
      await this.#publishUnread(stored);
      this.#broken = false;
    } catch (error) {
      failure = error;
    }
    this.#inFlight.clear();
    this.#assigned = this.#last;
    for (const cursor of this.#interactions.values()) cursor.revert();
    for (const { record, state, error, resolve, reject } of pending) {
      if (state === "elsewhere" || stored.get(record.sequence) === record.eventId) resolve();
      else reject(failure ?? error ?? new BackendError("io", "an event before this one was not stored"));
    }
    if (failure !== undefined) throw failure;
  }

  /** Publishes what is stored behind the last event that readers see, and notes it. */
  async #publishUnread(stored: Map<number, string>): Promise<void> {
    for (;;) {
      const page = await this.#backend.read(this.#name, { fromSeq: this.#last + 1, limit: pageEvents });
      const records = page.map(decodeRecord);
      for (const record of records) {
        this.#publish(record);
        stored.set(record.sequence, record.eventId);
      }
      this.#notify(records);
      if (page.length < pageEvents) return;
    }
  }

  #publish(record: EventRecord): void {
    this.interaction(record.interactionId).publish(record);
    this.#last = record.sequence;
    if (record.sequence % markEvery === 0)
      this.#marks.push({ sequence: record.sequence, at: timeOf(record) });
    this.#recent.add(record);
  }

  #notify(records: readonly EventRecord[]): void {
    for (const listener of this.#listeners) listener();
    const first = records[0]?.interactionId;
    if (first === undefined) return;
    if (records.every(({ interactionId }) => interactionId === first))
      this.#interactions.get(first)?.notify();
    else
      for (const id of new Set(records.map(({ interactionId }) => interactionId)))
        this.#interactions.get(id)?.notify();
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
