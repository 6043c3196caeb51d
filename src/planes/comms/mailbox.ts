import { ContractError } from "../../kernel/contract-error.js";
import { derivedId } from "./derived-id.js";
import { EventLog } from "./event-log.js";
import { Inbox, type InboxItem } from "./inbox.js";
import type { AcceptedEntry, AnsweredEntry, InboxEntry, TrimmedEntry } from "./inbox-entry.js";
import { InboxLog } from "./inbox-log.js";
import { answerId, dueEvents, terminalId } from "./interaction-events.js";
import type { CommsLimits, CommsPorts } from "./ports.js";
import type { Reservations } from "./reservations.js";

const repairDelayMs = 1_000;
/** Interactions listed in one entry, well below the size of an entry. */
const trimmedListed = 2_000;
const trimRetryMs = 10_000;

type Unstamped<T> = T extends unknown ? Omit<T, "at" | "queued_through"> : never;

export interface MailboxOptions {
  ports: CommsPorts;
  limits: CommsLimits;
  reservations: Reservations;
  /** Puts an answer into its asker's inbox; idempotent. */
  queueAnswer: (answer: AnsweredEntry) => Promise<void>;
  /** Wall time that never runs ahead of what the process lived through. */
  retentionNow: () => number;
}

/**
 * One session's two logs and their projections. The inbox's log is the truth about what was accepted, claimed, answered
 * and settled; the event log's daemon events follow from it. A crash between the two is repaired here at load: each event
 * that the inbox calls for and the event log lacks is written then, under an id that follows from it.
 */
export class Mailbox {
  readonly sessionId: string;
  readonly inbox: Inbox;
  readonly events: EventLog;
  readonly #ports: CommsPorts;
  readonly #limits: CommsLimits;
  readonly #reservations: Reservations;
  readonly #retentionNow: () => number;
  readonly #queueAnswer: (answer: AnsweredEntry) => Promise<void>;
  readonly #log: InboxLog;
  readonly #wakers = new Set<() => void>();
  /** Endings that are being written: nothing may be answered any more. */
  readonly #ending = new Set<string>();
  /** Settled items of which the kept logs must say something, else they are over. */
  readonly #doubtful = new Set<string>();
  /** Positions of answers that their askers' inboxes may not have yet, in order. */
  readonly #unqueued = new Set<number>();
  #lastQueued = 0;
  #loaded = false;
  #accepting = 0;
  #stopRepair: (() => void) | undefined;
  #trimming: Promise<void> | undefined;
  #trimAgainAt = 0;
  #stopped = false;
  /** The parts of a list of trimmed interactions that were read so far. */
  #listed: Pick<TrimmedEntry, "list" | "interactions"> = { list: "", interactions: {} };

  constructor(sessionId: string, options: MailboxOptions) {
    const { ports, limits, reservations, queueAnswer, retentionNow } = options;
    this.sessionId = sessionId;
    this.#ports = ports;
    this.#limits = limits;
    this.#reservations = reservations;
    this.#queueAnswer = queueAnswer;
    this.#retentionNow = retentionNow;
    this.inbox = new Inbox(limits.reservationTtlMs);
    this.events = new EventLog(ports.backend, ports.clock, sessionId);
    this.#log = new InboxLog(ports.backend, sessionId, (seq, entry) => this.#apply(seq, entry));
  }

  async load(): Promise<void> {
    await this.#log.load();
    await this.events.load();
    for (const id of this.#doubtful) if (this.events.interaction(id).published === 0) this.inbox.forget(id);
    this.#doubtful.clear();
    for (const seq of this.#unqueued) if (seq <= this.inbox.queuedThrough) this.#unqueued.delete(seq);
    this.#loaded = true;
    this.prune();
    for (const id of [...this.events.interactionIds()])
      if (this.inbox.item(id) === undefined) this.events.forget(id);
    for (const item of this.inbox.items()) this.#reservations.arm(item);
    await this.#repair();
  }

  /** Whether one more interaction fits. */
  get hasRoom(): boolean {
    return this.inbox.openCount + this.#accepting < this.#limits.inboxMax;
  }

  find(id: string): Promise<InboxEntry | undefined> {
    return this.#log.find(id);
  }

  /** Accepts a command: one append, and the receipt is true. The first event follows under the same writer. */
  async accept(
    id: string,
    entry: InboxEntry & AcceptedEntry,
    body?: string,
  ): Promise<{ duplicate: boolean; entry: InboxEntry }> {
    this.#accepting += 1;
    try {
      return await this.#log.append(id, entry.interaction_id, entry, body);
    } finally {
      this.#accepting -= 1;
    }
  }

  /** Accepts an answer to one of this session's interactions. */
  async answer(
    id: string,
    entry: InboxEntry & AnsweredEntry,
    body?: string,
  ): Promise<{ duplicate: boolean; entry: InboxEntry }> {
    const item = this.inbox.item(entry.interaction_id);
    if (item === undefined) throw new ContractError("interaction_not_found");
    const ends = entry.command.status !== "accepted";
    if (this.isEnding(item)) throw new ContractError("interaction_ended");
    if (ends) this.#ending.add(item.interactionId);
    try {
      const written = await this.#log.append(id, entry.interaction_id, entry, body);
      await this.follow(item);
      return written;
    } finally {
      if (ends) this.#ending.delete(item.interactionId);
    }
  }

  /** The interaction has its ending, or it is being written. */
  isEnding(item: InboxItem): boolean {
    return item.ending !== undefined || this.#ending.has(item.interactionId);
  }

  /** Writes an entry about items of this inbox. `id` makes a repeat safe; without it the entry is new. */
  async write(
    subject: string,
    entry: Unstamped<InboxEntry>,
    id = this.#ports.ids.uuid(),
  ): Promise<{ duplicate: boolean }> {
    return this.#log.append(id, subject, this.stamp(entry));
  }

  /** Writes an entry that ends the interaction, once for each id. */
  async writeEnding(
    item: InboxItem,
    entry: Unstamped<InboxEntry>,
    id: string,
  ): Promise<{ duplicate: boolean }> {
    this.#ending.add(item.interactionId);
    try {
      const written = await this.write(item.interactionId, entry, id);
      await this.follow(item);
      return written;
    } finally {
      this.#ending.delete(item.interactionId);
    }
  }

  /** Completes an entry in place with what every entry says. */
  stamp<T extends Unstamped<InboxEntry>>(entry: T): T & { at: number } {
    const stamped = entry as T & Pick<InboxEntry, "at" | "queued_through">;
    stamped.at = this.#ports.clock.now();
    const { queuedThrough } = this.inbox;
    if (queuedThrough > 0) stamped.queued_through = queuedThrough;
    return stamped;
  }

  /** Ends all that waits; idempotent. */
  async close(): Promise<void> {
    if (!this.inbox.closed) await this.write("session", { t: "closed" }, derivedId(this.sessionId, "closed"));
    for (const item of [...this.inbox.items()]) await this.follow(item);
    this.wake();
  }

  /**
   * Brings the interaction's events up to what the inbox's log says. It fails for nobody: what is not written now is
   * written with the next event of the interaction, by the repair, or at the next start.
   */
  async follow(item: InboxItem): Promise<void> {
    try {
      await this.events.append(() => dueEvents(item, this.events.interaction(item.interactionId)));
      if (item.answers.length > 0) await this.#queueAnswers(item);
      this.trimEvents();
    } catch (err) {
      this.#ports.log.warn({ err, interaction_id: item.interactionId }, "Events are late: the store fails.");
      this.#repairLater();
    }
  }

  /** Resolves at the next change, or when `until` (monotonic) or the signal comes. */
  changed(until: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const delay = Math.min(until - this.#ports.clock.monotonic(), 3_600_000);
      const done = (): void => {
        stopTimer();
        this.#wakers.delete(done);
        signal.removeEventListener("abort", done);
        resolve();
      };
      const stopTimer = this.#ports.clock.after(Math.max(0, delay), done);
      this.#wakers.add(done);
      signal.addEventListener("abort", done);
    });
  }

  wake(): void {
    for (const waker of [...this.#wakers]) waker();
  }

  /** Forgets interactions whose time to be read is over, and what the logs keep for nobody. */
  async sweep(): Promise<void> {
    this.prune();
    this.trimEvents();
    await this.#trimming;
    let needed = Number.POSITIVE_INFINITY;
    for (const { seq } of this.inbox.items()) needed = Math.min(needed, seq);
    if (!this.inbox.closed) await this.#log.trim(needed, this.#retentionNow() - this.#limits.dedupeWindowMs);
  }

  prune(): void {
    const before = this.#retentionNow() - this.#limits.interactionKeepMs;
    for (const item of [...this.inbox.items()])
      if (this.#isOver(item) && (item.endedAt ?? 0) < before) this.#forget(item);
  }

  /** Nothing new is begun in the background; resolves when what was begun is done. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#stopRepair?.();
    this.wake();
    await this.#trimming;
  }

  /** Nothing more will come of it and nobody reads it now. */
  #isOver(item: InboxItem): boolean {
    const cursor = this.events.interaction(item.interactionId);
    return (
      item.settled &&
      cursor.ended &&
      item.reservation?.state !== "attached" &&
      !item.answers.some(({ seq }) => this.#unqueued.has(seq))
    );
  }

  #forget(item: InboxItem): void {
    this.inbox.forget(item.interactionId);
    this.events.forget(item.interactionId);
    if (item.reservation?.state === "reserved") {
      item.reservation = { state: "expired" };
      this.#reservations.arm(item);
    }
  }

  #apply(seq: number, entry: InboxEntry): void {
    const { clock } = this.#ports;
    const items = this.inbox.apply(seq, entry, clock.monotonic(), clock.now());
    if (entry.t === "trimmed") this.#applyTrimmed(entry);
    if (entry.t === "answered" && entry.queue !== undefined) {
      // A void answer, one after the ending, is nobody's.
      if (items[0]?.answers.at(-1)?.seq === seq) this.#unqueued.add(seq);
      this.#lastQueued = seq;
    }
    if (!this.#loaded) return;
    for (const item of items) {
      if (entry.t === "accepted") {
        this.#reservations.arm(item);
        void this.follow(item);
      }
    }
    if (entry.t !== "claimed") this.wake();
  }

  #applyTrimmed({ interactions: listed, list, more }: TrimmedEntry): void {
    // Live, this mailbox wrote the entry and knows better.
    if (this.#loaded) return;
    // A list that a crash cut short counts for nothing.
    if (this.#listed.list !== list) this.#listed = { list, interactions: {} };
    Object.assign(this.#listed.interactions, listed);
    if (more) return;
    const { interactions } = this.#listed;
    for (const item of this.inbox.items()) {
      const known = interactions[item.interactionId];
      if (known === undefined) {
        if (item.settled) this.#doubtful.add(item.interactionId);
        continue;
      }
      const cursor = this.events.interaction(item.interactionId);
      cursor.assigned = known.last;
      cursor.published = known.last;
      cursor.sealed = known.sealed;
      cursor.ended = known.sealed;
      for (const answer of item.answers.slice(0, known.answers)) {
        cursor.add(answerId(answer));
        cursor.addAnswer(answerId(answer));
      }
      if (known.sealed) cursor.add(terminalId(item));
    }
  }

  async #queueAnswers(item: InboxItem): Promise<void> {
    for (const { seq, entry } of item.answers) {
      if (!this.#unqueued.has(seq)) continue;
      await this.#queueAnswer(entry);
      this.#unqueued.delete(seq);
      const [waiting] = this.#unqueued;
      this.inbox.queuedThrough = waiting === undefined ? this.#lastQueued : waiting - 1;
    }
  }

  async #repair(): Promise<void> {
    for (const item of [...this.inbox.items()]) {
      if (this.inbox.item(item.interactionId) === undefined) continue;
      await this.follow(item);
    }
  }

  #repairLater(): void {
    this.#stopRepair ??= this.#ports.clock.after(repairDelayMs, () => {
      this.#stopRepair = undefined;
      void this.#repair();
    });
  }

  /** Starts to let go of old events when there are too many. */
  trimEvents(): void {
    if (this.#stopped) return;
    const { sessionEventsMax } = this.#limits;
    const { first, last } = this.events;
    // Some above the limit, so that not every event trims one.
    const slack = Math.max(64, Math.floor(sessionEventsMax / 8));
    if (last - first + 1 <= sessionEventsMax + slack || this.#ports.clock.monotonic() < this.#trimAgainAt)
      return;
    this.#trimming ??= this.#trim(last - sessionEventsMax + 1)
      .catch((err: unknown) => {
        this.#trimAgainAt = this.#ports.clock.monotonic() + trimRetryMs;
        this.#ports.log.warn({ err }, "Old events were not trimmed.");
      })
      .finally(() => {
        this.#trimming = undefined;
      });
  }

  /** First the note about what goes, then the trim: a crash between them repeats the trim. */
  async #trim(first: number): Promise<void> {
    const list = this.#ports.ids.uuid();
    let interactions: TrimmedEntry["interactions"] = {};
    let listed = 0;
    for (const item of [...this.inbox.items()]) {
      const cursor = this.events.interaction(item.interactionId);
      if (cursor.published === 0 || cursor.firstSequence >= first) continue;
      if (this.#isOver(item) && cursor.lastSequence < first) {
        this.#forget(item);
        continue;
      }
      interactions[item.interactionId] = {
        last: cursor.published,
        sealed: cursor.ended,
        answers: item.answers.filter((answer) => cursor.hasAnswer(answerId(answer))).length,
      };
      listed += 1;
      if (listed % trimmedListed > 0) continue;
      await this.write("session", { t: "trimmed", list, interactions, more: true });
      interactions = {};
    }
    await this.write("session", { t: "trimmed", list, interactions });
    await this.events.trim(first);
  }
}
