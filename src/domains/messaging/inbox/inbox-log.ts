import { setImmediate as nextTurn } from "node:timers/promises";
import { type AppendResult, type Backend, BackendError, type NewEntry } from "../../../kernel/backend.js";
import type { AcceptedRecord, InboxEntry } from "./inbox-entry.js";

/** Entries may be large: few of them are in memory at once while a log is read. */
const pageEntries = 128;
/** Entries so far apart are read together with what lies between them. */
const readTogether = 16;

/** What became of an append; the entry is the first one under its id. */
export interface Appended {
  duplicate: boolean;
  entry: InboxEntry;
}

/**
 * The log of one inbox: writes entries and hands over all of them, whoever wrote them, once and in the order of the log.
 */
export class InboxLog {
  readonly #backend: Backend;
  readonly #name: string;
  readonly #apply: (seq: number, entry: InboxEntry, chars: number) => void;
  /** Entries that are durable but wait for one before them, with the length of their JSON. */
  readonly #held = new Map<number, { entry: InboxEntry; chars: number }>();
  /** Appends by the entry's id until they are applied. */
  readonly #inFlight = new Map<string, Promise<Appended>>();
  #waiting: (() => void)[] = [];
  #applied = 0;
  /** Appends that the store has not answered. */
  #unanswered = 0;
  #unsure = false;
  /** Every 256th applied position with its time, for trimming by age. */
  #marks: { seq: number; at: number }[] = [];

  /** `apply` also gets the length of the entry's JSON. */
  constructor(
    backend: Backend,
    sessionId: string,
    apply: (seq: number, entry: InboxEntry, chars: number) => void,
  ) {
    this.#backend = backend;
    this.#name = `inbox/${sessionId}`;
    this.#apply = apply;
  }

  async load(): Promise<void> {
    await this.#catchUp();
  }

  /**
   * Resolves when the entry is durable and applied; with the first entry when the id was used before. An id is in flight
   * once: a repeat joins it. `deferrable`: no caller waits for that.
   */
  async append(
    id: string,
    subject: string,
    entry: InboxEntry,
    body = JSON.stringify(entry),
    deferrable = false,
  ): Promise<Appended> {
    const first = this.#inFlight.get(id);
    if (first !== undefined) return { duplicate: true, entry: (await first).entry };
    const appended = this.#append(id, subject, entry, body, deferrable);
    this.#inFlight.set(id, appended);
    try {
      return await appended;
    } finally {
      this.#inFlight.delete(id);
    }
  }

  /** The entry with the id, when it is kept; applied by then, as what an append gives. */
  async find(id: string): Promise<InboxEntry | undefined> {
    const [found] = await this.#backend.read(this.#name, { fromSeq: 1, id, limit: 1 });
    if (found === undefined) return undefined;
    await this.#appliedThrough(found.seq);
    return JSON.parse(found.body) as InboxEntry;
  }

  /** The commands at the positions, which rise, by position. */
  async accepted(positions: readonly number[]): Promise<Map<number, AcceptedRecord>> {
    const found = new Map<number, AcceptedRecord>();
    for (let at = 0; at < positions.length; ) {
      const fromSeq = positions[at]!;
      let last = fromSeq;
      let next = at + 1;
      for (; next < positions.length; next += 1) {
        const seq = positions[next]!;
        if (seq - last > readTogether || seq - fromSeq >= pageEntries) break;
        last = seq;
      }
      for (const { seq, body } of await this.#backend.read(this.#name, {
        fromSeq,
        limit: last - fromSeq + 1,
      })) {
        if (seq !== positions[at]) continue;
        const entry = JSON.parse(body) as InboxEntry;
        if (entry.t !== "accepted") break;
        found.set(seq, entry);
        at += 1;
      }
      if (at < next)
        throw new BackendError("corrupt", `the command at position ${positions[at]} is not there`);
    }
    return found;
  }

  /** Position through which entries were handed over. */
  get applied(): number {
    return this.#applied;
  }

  /** The oldest position by which entries can be trimmed, with its time. */
  get firstMark(): { seq: number; at: number } | undefined {
    return this.#marks[0];
  }

  /** Removes entries older than `before` (wall milliseconds) below `neededSeq`. */
  async trim(neededSeq: number, before: number): Promise<void> {
    const old = this.#marks.filter(({ seq, at }) => at < before && seq <= neededSeq).at(-1);
    if (old === undefined) return;
    await this.#backend.trim(this.#name, { beforeSeq: old.seq });
    this.#marks = this.#marks.filter(({ seq }) => seq > old.seq);
  }

  async #append(
    id: string,
    subject: string,
    entry: InboxEntry,
    body: string,
    deferrable: boolean,
  ): Promise<Appended> {
    if (this.#unsure) await this.#catchUp();
    const result = await this.#write({ id, subject, body, deferrable });
    if (result.outcome === "unknown")
      return await this.#settleUnknown(id, subject, entry, body, result.cause);
    if (result.outcome === "conflict") throw new BackendError("io", "an append without condition conflicted");
    if (!result.duplicate) this.#put(result.seq, entry, body.length);
    if (this.#applied < result.seq) await this.#appliedThrough(result.seq);
    return result.duplicate ? this.#first(id) : { duplicate: false, entry };
  }

  /** Appends that wait for an entry before theirs look again with each answer. */
  async #write(entry: NewEntry): Promise<AppendResult> {
    this.#unanswered += 1;
    try {
      return await this.#backend.append(this.#name, entry);
    } finally {
      this.#unanswered -= 1;
      if (this.#waiting.length > 0) this.#wakeWaiting();
    }
  }

  /** The append may have got through: reads, and tries once more under the same id, which cannot double it. */
  async #settleUnknown(
    id: string,
    subject: string,
    entry: InboxEntry,
    body: string,
    cause: unknown,
  ): Promise<Appended> {
    this.#unsure = true;
    const byId = { fromSeq: 1, id, limit: 1 };
    let [found] = await this.#backend.read(this.#name, byId);
    if (found === undefined) {
      const again = await this.#write({ id, subject, body });
      if (again.outcome !== "committed") throw new BackendError("io", "the outcome is unknown", { cause });
      // A repeat of the caller's came between: what that one wrote is the first.
      if (again.duplicate) [found] = await this.#backend.read(this.#name, byId);
    }
    await this.#catchUp();
    return found === undefined || found.body === body ? { duplicate: false, entry } : await this.#first(id);
  }

  async #first(id: string): Promise<Appended> {
    const entry = await this.find(id);
    if (entry === undefined) throw new BackendError("io", "an entry was trimmed while it was repeated");
    return { duplicate: true, entry };
  }

  /** Applies what is in the log beyond what is applied. */
  async #catchUp(): Promise<void> {
    for (;;) {
      const page = await this.#backend.read(this.#name, { fromSeq: this.#applied + 1, limit: pageEntries });
      for (const { seq, body } of page)
        if (seq > this.#applied) this.#applyNext(seq, JSON.parse(body), body.length);
      if (page.length < pageEntries) break;
      await nextTurn();
    }
    for (const seq of this.#held.keys()) if (seq <= this.#applied) this.#held.delete(seq);
    this.#unsure = false;
    this.#drainHeld();
  }

  #put(seq: number, entry: InboxEntry, chars: number): void {
    if (seq <= this.#applied) return;
    if (seq === this.#applied + 1) this.#applyNext(seq, entry, chars);
    else this.#held.set(seq, { entry, chars });
    this.#drainHeld();
  }

  #drainHeld(): void {
    for (;;) {
      const seq = this.#applied + 1;
      const next = this.#held.get(seq);
      if (next === undefined) break;
      this.#held.delete(seq);
      this.#applyNext(seq, next.entry, next.chars);
    }
    this.#wakeWaiting();
  }

  #wakeWaiting(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resume of waiting) resume();
  }

  #applyNext(seq: number, entry: InboxEntry, chars: number): void {
    this.#applied = seq;
    if (seq % 256 === 0) this.#marks.push({ seq, at: entry.at });
    this.#apply(seq, entry, chars);
  }

  async #appliedThrough(seq: number): Promise<void> {
    while (this.#applied < seq) {
      // Only an append that is not answered can fill the hole; without any, the log itself is read.
      const before = this.#applied;
      if (this.#unanswered > 0) {
        await new Promise<void>((resolve) => this.#waiting.push(resolve));
        continue;
      }
      await this.#catchUp();
      if (this.#applied === before)
        throw new BackendError("corrupt", `the log ${this.#name} lacks an entry below ${seq}`);
    }
  }
}
