import { setImmediate as nextTurn } from "node:timers/promises";
import type { AgentEvent } from "../../../generated/types.js";
import { isoTime } from "../../../kernel/clock.js";
import { ContractError } from "../../../kernel/contract-error.js";
import { derivedId } from "../../../lib/derived-id.js";
import { KeyedQueue } from "../../../lib/keyed-queue.js";
import type { AnswerCopies } from "../copies/answer-copies.js";
import { PendingCopies } from "../copies/pending-copies.js";
import { EventLog, type NewEvent } from "../events/event-log.js";
import { dueEvents, movedId } from "../events/interaction-events.js";
import { type DeadLetter, DeadLetters, isDeadLetter, letterOf } from "../letters/dead-letters.js";
import { Wakers } from "../model/wakers.js";
import type { CommsLimits, CommsPorts } from "../ports.js";
import type { EndState } from "../streams/reservation.js";
import type { Reservations } from "../streams/reservations.js";
import { Arriving } from "./arriving.js";
import { EndingsInFlight } from "./endings-in-flight.js";
import { EventTrim } from "./event-trim.js";
import { Expiry } from "./expiry.js";
import { Inbox } from "./inbox.js";
import type {
  AcceptedRecord,
  AnsweredEntry,
  Ending,
  InboxEntry,
  InputAnsweredRecord,
  MovedState,
  TrimmedEntry,
} from "./inbox-entry.js";
import type { Answer, InboxItem } from "./inbox-item.js";
import { InboxLog } from "./inbox-log.js";
import { KeptKeys } from "./kept-keys.js";
import type { RestingMailbox } from "./resting.js";
import { recallTrimmed, TrimmedList } from "./trimmed-list.js";

const repairDelayMs = 1_000;
/** Items that are looked at before others have their turn. */
const turnItems = 4_096;
/** Roughly what a mailbox, and each of its items with its cursor, take in memory. */
const mailboxBytes = 4_096;
const itemBytes = 512;

type Unstamped<T> = T extends unknown ? Omit<T, "at" | "queued_through"> : never;

export interface MailboxOptions {
  ports: CommsPorts;
  limits: CommsLimits;
  reservations: Reservations;
  copies: AnswerCopies;
  /** Wall time that never runs ahead of what the process lived through. */
  retentionNow: () => number;
  links: MailboxLinks;
}

/** What a mailbox tells of commands that go, or came, over links. */
export interface MailboxLinks {
  /** A command was accepted into an outbox. */
  queued(sessionId: string, item: InboxItem): void;
  /** Something may have come of a command that another daemon sent. */
  report(sessionId: string, item: InboxItem): void;
  /** The daemon is paired: it will ask, or has to be told, some day. */
  isPaired(endpointId: string): boolean;
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
  readonly letters: DeadLetters;
  readonly #ports: CommsPorts;
  readonly #limits: CommsLimits;
  readonly #reservations: Reservations;
  readonly #retentionNow: () => number;
  readonly #links: MailboxLinks;
  readonly #copies: AnswerCopies;
  readonly #log: InboxLog;
  readonly #keys: KeptKeys;
  readonly #trim: EventTrim;
  readonly #expiry: Expiry;
  readonly #wakers: Wakers;
  /** No answer is accepted while an end of its interaction is in flight. */
  readonly #ending = new EndingsInFlight();
  readonly #decisions = new KeyedQueue();
  /** Settled items of which the kept logs must say something, else they are over. */
  readonly #doubtful = new Set<string>();
  readonly #pending = new PendingCopies();
  #loaded = false;
  readonly #arriving = new Arriving();
  /** Work under way that needs this object to stay the session's only one. */
  #busy = 0;
  #stopRepair: (() => void) | undefined;
  readonly #trimmed = new TrimmedList();

  constructor(sessionId: string, options: MailboxOptions) {
    const { ports, limits, reservations, copies, retentionNow, links } = options;
    this.sessionId = sessionId;
    this.#ports = ports;
    this.#limits = limits;
    this.#reservations = reservations;
    this.#copies = copies;
    this.#retentionNow = retentionNow;
    this.#links = links;
    this.inbox = new Inbox(limits);
    this.letters = new DeadLetters(sessionId, { backend: ports.backend, limits, retentionNow });
    this.events = new EventLog(ports.backend, ports.clock, sessionId);
    this.#wakers = new Wakers(ports.clock);
    this.#log = new InboxLog(ports.backend, sessionId, (seq, entry, chars) => this.#apply(seq, entry, chars));
    this.#keys = new KeptKeys(limits.dedupeWindowMs);
    this.#expiry = new Expiry(ports.clock, this.inbox, (items) => this.#expire(items));
    this.#trim = new EventTrim({
      ports,
      limits,
      inbox: this.inbox,
      events: this.events,
      note: (entry) => this.write("session", entry),
      isOver: (item) => this.#isOver(item),
      hasLetter: (item) => !isDeadLetter(item) || this.letters.has(item),
      forget: (item) => this.#forget(item),
    });
  }

  /** `rested` is what it was when it was last in memory of this process: then there is nothing to repair. */
  async load(rested?: RestingMailbox): Promise<void> {
    await this.#log.load();
    await this.events.load((id) => this.inbox.item(id)?.interactionId ?? id);
    if (rested !== undefined) this.inbox.wake(rested.inbox);
    for (const id of this.#doubtful) if (this.events.interaction(id).published === 0) this.inbox.forget(id);
    this.#doubtful.clear();
    for (const item of this.inbox.items())
      if (this.events.interaction(item.interactionId).ingested) item.deadline = Number.POSITIVE_INFINITY;
    const uncopied = this.#answersSince(this.inbox.queuedThrough);
    this.#loaded = true;
    await this.#prune();
    let looked = 0;
    for (const id of this.events.interactionIds()) {
      if (this.inbox.item(id) === undefined) this.events.forget(id);
      if (++looked % turnItems === 0) await nextTurn();
    }
    for (const item of this.inbox.items()) {
      this.#reservations.arm(item);
      this.report(item);
      if (++looked % turnItems === 0) await nextTurn();
    }
    void this.#expiry.run();
    if (rested !== undefined) return;
    await this.#repair();
    for (const { seq, entry } of uncopied) this.#copy(seq, entry);
  }

  /** Answers behind the position that are queued with their askers, in order. */
  #answersSince(position: number): Answer[] {
    const found: Answer[] = [];
    for (const { answers } of this.inbox.items())
      for (const answer of answers)
        if (answer.seq > position && answer.entry.queue !== undefined) found.push(answer);
    return found.sort((one, other) => one.seq - other.seq);
  }

  /** Roughly what it takes in memory. */
  get bytes(): number {
    const { inbox, events } = this;
    return mailboxBytes + inbox.size * itemBytes + inbox.keptChars + events.recentBytes;
  }

  /** Keeps it the session's mailbox until the work is done. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    const leave = this.enter();
    try {
      return await work();
    } finally {
      leave();
    }
  }

  /** Runs what a user decides about a held item or a dead letter after the decisions before it, which may be in flight. */
  decide<T>(interactionId: string, decision: () => Promise<T>): Promise<T> {
    return this.during(() => this.#decisions.run(interactionId, decision));
  }

  /** As `during`, until the result is called. */
  enter(): () => void {
    this.#busy += 1;
    return () => {
      this.#busy -= 1;
    };
  }

  /** What has to be known of it when it leaves the memory; undefined when it cannot now, because somebody has to do with it. */
  rest(): RestingMailbox | undefined {
    const now = this.#ports.clock.monotonic();
    const idle =
      this.#busy + this.#wakers.size + this.#pending.size === 0 &&
      this.#stopRepair === undefined &&
      !this.#expiry.armed &&
      this.#trim.isIdle(now) &&
      this.events.quiet;
    const inbox = idle ? this.inbox.rest(now) : undefined;
    return inbox && { inbox, lastSequence: this.events.last, sweepAt: this.#sweepAt() };
  }

  /** The items' commands, by position: from memory, else from the log. */
  async commands(items: readonly InboxItem[]): Promise<Map<number, AcceptedRecord>> {
    const found = new Map<number, AcceptedRecord>();
    const missing: number[] = [];
    for (const { seq, entry } of items) {
      if (entry === undefined) missing.push(seq);
      else found.set(seq, entry);
    }
    if (missing.length > 0)
      for (const [seq, entry] of await this.#log.accepted(missing)) found.set(seq, entry);
    return found;
  }

  /** Position in the inbox's log through which it is known here. */
  get position(): number {
    return this.#log.applied;
  }

  /** Answers whose copies left the list unread; undefined without one. */
  omittedAnswers(): { count: number; oldest_at: string } | undefined {
    const omitted = this.inbox.omittedAnswers(this.#retentionNow());
    return omitted && { count: omitted.count, oldest_at: isoTime(omitted.oldestAt) };
  }

  /** Whether one more interaction fits. */
  get hasRoom(): boolean {
    return this.inbox.roomTaken + this.#arriving.size < this.#limits.inboxMax;
  }

  /** Whether one more message or request of the sender may wait, those on their way into the log counted. */
  hasRoomFor(sender: string): boolean {
    const most = this.#limits.unreadPerSender - this.#arriving.of(sender);
    return !this.inbox.hasUnread(sender, most, this.#ports.clock.monotonic());
  }

  find(id: string): Promise<InboxEntry | undefined> {
    return this.#log.find(id);
  }

  /** Accepts a command: one append, and the receipt is true. The first event follows under the same writer. */
  async accept(
    id: string,
    entry: AcceptedRecord,
    body?: string,
  ): Promise<{ duplicate: boolean; entry: InboxEntry }> {
    this.#busy += 1;
    this.#arriving.add(entry);
    try {
      return await this.#log.append(id, entry.interaction_id, entry, body);
    } finally {
      this.#busy -= 1;
      this.#arriving.remove(entry);
    }
  }

  /** Accepts a request to end an item of this inbox, which nobody is given or ends otherwise meanwhile. */
  async cancel(
    id: string,
    entry: AcceptedRecord,
    target: InboxItem,
    body: string,
  ): Promise<{ duplicate: boolean; entry: InboxEntry }> {
    const ends = entry.cancel?.claimed !== true;
    if (ends) target.closing = true;
    try {
      const accepted = this.accept(id, entry, body);
      if (ends) this.#ending.add(target.interactionId, accepted);
      return await accepted;
    } finally {
      if (ends) target.closing = false;
      this.wake();
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
    while (this.isEnding(item)) if (await this.hasEnded(item)) throw new ContractError("interaction_ended");
    this.#busy += 1;
    try {
      const appended = this.#log.append(id, entry.interaction_id, entry, body);
      if (entry.command.status !== "accepted") this.#ending.add(item.interactionId, appended);
      const written = await appended;
      await this.follow(item);
      return written;
    } finally {
      this.#busy -= 1;
    }
  }

  /** Appends a question of the host at another daemon, once for each id. */
  ask(item: InboxItem, id: string, event: AgentEvent): Promise<void> {
    const { interactionId } = item;
    return this.during(() =>
      this.events.append(() => {
        const cursor = this.events.interaction(interactionId);
        return cursor.sealed ? [] : [...dueEvents(item, cursor), { id, interactionId, event }];
      }),
    );
  }

  /** Accepts the answer to a question of one of this session's interactions. */
  answerQuestion(
    id: string,
    item: InboxItem,
    entry: InputAnsweredRecord,
    body: string,
  ): Promise<{ duplicate: boolean; entry: InboxEntry }> {
    return this.during(async () => {
      const written = await this.#log.append(id, entry.interaction_id, entry, body);
      await this.follow(item);
      return written;
    });
  }

  /** The interaction has its ending, or one is in flight. */
  isEnding(item: InboxItem): boolean {
    return item.ending !== undefined || this.#ending.has(item.interactionId);
  }

  /** Whether it has its ending once those in flight now have settled: what was not written ends nothing. */
  async hasEnded(item: InboxItem): Promise<boolean> {
    if (item.ending === undefined) await this.#ending.settled(item.interactionId);
    return item.ending !== undefined;
  }

  /** Writes an entry about items of this inbox. `id` makes a repeat safe; without it the entry is new. */
  async write(
    subject: string,
    entry: Unstamped<InboxEntry>,
    id = this.#ports.ids.uuid(),
  ): Promise<{ duplicate: boolean }> {
    this.#busy += 1;
    try {
      return await this.#log.append(id, subject, this.stamp(entry));
    } finally {
      this.#busy -= 1;
    }
  }

  /** Writes an entry from which an event of the interaction follows, once for each id. */
  async writeMove(
    item: InboxItem,
    entry: Unstamped<InboxEntry>,
    id: string,
  ): Promise<{ duplicate: boolean }> {
    const written = await this.write(item.interactionId, entry, id);
    await this.follow(item);
    return written;
  }

  /** Brings the interaction up to date whose question the command of the outbox answers. */
  async #followQuestion(item: InboxItem): Promise<void> {
    const command = item.kind === "peer_message" ? (await this.commands([item])).get(item.seq) : undefined;
    const question = command?.command.options?.in_reply_to;
    const target = question && this.inbox.item(question.interaction_id);
    if (target !== undefined) await this.follow(target);
  }

  /** Writes how far a command of the outbox came; each state once. */
  async moveTo(item: InboxItem, state: MovedState, reason?: string): Promise<void> {
    const { interactionId } = item;
    await this.writeMove(
      item,
      { t: "moved", interaction_id: interactionId, state, ...(reason === undefined ? {} : { reason }) },
      movedId(item, state),
    );
    if (state === "delivered") await this.#followQuestion(item);
  }

  /** Ends a command of the outbox; the first ending counts. */
  async endAs(item: InboxItem, ending: Ending): Promise<void> {
    const { interactionId } = item;
    while (this.isEnding(item)) if (await this.hasEnded(item)) return;
    const id = derivedId(interactionId, "ended");
    await this.writeEnding(item, { t: "ended", interaction_id: interactionId, ending }, id);
  }

  /** Writes an entry that ends the interaction, once for each id. */
  async writeEnding(
    item: InboxItem,
    entry: Unstamped<InboxEntry>,
    id: string,
  ): Promise<{ duplicate: boolean }> {
    const written = this.write(item.interactionId, entry, id);
    this.#ending.add(item.interactionId, written);
    return this.during(async () => {
      const result = await written;
      await this.follow(item);
      return result;
    });
  }

  /** Stores how an interaction's reservation ended. Only a reader's own word is waited for; one that is lost waits again. */
  async writeStreamEnd(interactionId: string, state: EndState): Promise<void> {
    const entry = this.stamp({ t: "stream_ended" as const, interaction_id: interactionId, state });
    this.#busy += 1;
    try {
      const id = derivedId(interactionId, "stream_ended");
      await this.#log.append(id, interactionId, entry, undefined, state !== "closed_early");
    } catch (err) {
      this.#ports.log.warn({ err, interaction_id: interactionId }, "A stream's end was not stored.");
    } finally {
      this.#busy -= 1;
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
  close(): Promise<void> {
    return this.during(async () => {
      if (!this.inbox.closed)
        await this.write("session", { t: "closed" }, derivedId(this.sessionId, "closed"));
      await this.#repair();
      this.wake();
    });
  }

  /**
   * Brings the interaction's events up to what the inbox's log says. It fails for nobody: what is not written now is
   * written with the next event of the interaction, by the repair, or at the next start.
   */
  async follow(item: InboxItem, deferrable = false): Promise<void> {
    this.#busy += 1;
    try {
      const due = (): NewEvent[] => dueEvents(item, this.events.interaction(item.interactionId));
      await this.events.append(due, deferrable);
      if (isDeadLetter(item)) await this.letters.add(item, () => this.#letterOf(item));
      this.report(item);
      this.trimEvents();
    } catch (err) {
      this.#ports.log.warn({ err, interaction_id: item.interactionId }, "Events are late: the store fails.");
      this.#repairLater();
    } finally {
      this.#busy -= 1;
    }
  }

  /** Has the item's sender told, when that is another daemon's, what came of it. */
  report(item: InboxItem): void {
    if (item.origin !== undefined && !item.reported && this.#loaded) this.#links.report(this.sessionId, item);
  }

  /** Resolves at the next change, or when `until` (monotonic) or the signal comes. */
  changed(until: number, signal: AbortSignal): Promise<void> {
    return this.#wakers.changed(until, signal);
  }

  wake(): void {
    this.#wakers.wake();
  }

  /** Forgets interactions whose time to be read is over, and what the logs keep for nobody. */
  sweep(): Promise<void> {
    return this.during(async () => {
      await this.#expiry.run();
      await this.letters.trim();
      await this.#prune();
      this.#trim.start(this.#retentionNow());
      await this.#trim.done();
      // Items are in the order of the log.
      const [oldest] = this.inbox.items();
      const now = this.#retentionNow();
      const needed = Math.min(oldest?.seq ?? Number.POSITIVE_INFINITY, this.#keys.neededAt(now));
      if (!this.inbox.closed) await this.#log.trim(needed, now - this.#limits.dedupeWindowMs);
    });
  }

  /** Nothing new is begun in the background; resolves when what was begun is done. */
  async stop(): Promise<void> {
    this.#trim.stop();
    this.#expiry.stop();
    this.#stopRepair?.();
    this.wake();
    await this.#trim.done();
  }

  async #prune(): Promise<void> {
    const before = this.#retentionNow() - this.#limits.interactionKeepMs;
    let looked = 0;
    for (const item of this.inbox.items()) {
      if (this.#isOver(item) && (item.endedAt ?? 0) < before && (await this.#hasLetter(item)))
        this.#forget(item);
      if (++looked % turnItems === 0) await nextTurn();
    }
  }

  /** Writes the letter that the item's end may lack; false when it cannot be written now. */
  async #hasLetter(item: InboxItem): Promise<boolean> {
    if (!isDeadLetter(item)) return true;
    try {
      await this.letters.add(item, () => this.#letterOf(item));
      return true;
    } catch (err) {
      this.#ports.log.warn(
        { err, interaction_id: item.interactionId },
        "Could not write a dead letter. The next sweep writes it.",
      );
      return false;
    }
  }

  /** From when on a sweep has something to trim, if nothing changes. */
  #sweepAt(): number {
    const mark = this.#log.firstMark;
    const expiry = Math.min(this.inbox.nextExpiry(), this.letters.trimAt, this.#trim.agedAt());
    if (mark === undefined || this.inbox.closed) return expiry;
    let at = Math.max(mark.at + this.#limits.dedupeWindowMs, this.#keys.freeBelow(mark.seq));
    for (const item of this.inbox.items()) {
      if (item.seq >= mark.seq) break;
      if (!this.#isOver(item)) return expiry;
      at = Math.max(at, (item.endedAt ?? 0) + this.#limits.interactionKeepMs);
    }
    return Math.min(at, expiry);
  }

  /** Nothing more will come of it and nobody reads it now. */
  #isOver(item: InboxItem): boolean {
    const cursor = this.events.interaction(item.interactionId);
    return (
      item.settled &&
      cursor.ended &&
      item.reservation?.state !== "attached" &&
      !(isDeadLetter(item) && this.letters.lacks(item)) &&
      (item.origin === undefined || item.reported || !this.#links.isPaired(item.origin.endpoint_id)) &&
      !item.answers.some(({ seq }) => this.#pending.has(seq))
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

  #apply(seq: number, entry: InboxEntry, chars: number): void {
    const { clock } = this.#ports;
    if (entry.t === "accepted") this.#arriving.remove(entry);
    const items = this.inbox.apply(seq, entry, chars, {
      monotonic: clock.monotonic(),
      wall: clock.now(),
      retention: this.#retentionNow(),
    });
    if (entry.t === "accepted" || entry.t === "answered" || entry.t === "input_answered")
      this.#keys.see(seq, entry);
    // Live, this mailbox wrote the entry and knows better.
    if (entry.t === "trimmed" && !this.#loaded) this.#applyTrimmed(entry);
    if (entry.t === "answered" && entry.queue !== undefined) this.#pending.see(seq);
    if (!this.#loaded) return;
    if (entry.t === "accepted") {
      const [item, leaving] = items;
      this.#accepted(item!, entry);
      if (leaving !== undefined) this.#left(leaving);
    }
    // A void answer, one after the ending, has no copy.
    if (entry.t === "answered" && items[0]?.answers.at(-1)?.seq === seq) this.#copy(seq, entry);
    if (entry.t === "accepted" && entry.cancel !== undefined) this.#cancelled(entry.cancel.interaction_id);
    if (entry.t === "claimed") for (const item of items) this.#expiry.watch(this.inbox.overdueAt(item));
    else if (entry.t !== "stream_ended") this.wake();
  }

  #accepted(item: InboxItem, entry: AcceptedRecord): void {
    this.inbox.keep(item, entry);
    this.#reservations.arm(item);
    this.#expiry.watch(item.deadline);
    void this.follow(item, true);
    if (item.outbox) this.#links.queued(this.sessionId, item);
  }

  /** A copy left the list: it has ended, or does so when its claim ends. */
  #left(copy: InboxItem): void {
    if (copy.ending === undefined) this.#expiry.watch(this.inbox.overdueAt(copy));
    else void this.follow(copy, true);
  }

  /** Has the answer copied into its asker's inbox. */
  #copy(seq: number, entry: AnsweredEntry): void {
    if (entry.queue === undefined) return;
    this.#pending.add(seq);
    this.#copies.add(entry, () => {
      this.inbox.queuedThrough = this.#pending.made(seq);
    });
  }

  #cancelled(interactionId: string): void {
    const target = this.inbox.item(interactionId);
    if (target === undefined) return;
    this.#expiry.watch(this.inbox.overdueAt(target));
    void this.follow(target);
  }

  #applyTrimmed(entry: TrimmedEntry): void {
    const listed = this.#trimmed.take(entry);
    if (listed === undefined) return;
    for (const item of this.inbox.items()) {
      const known = listed[item.interactionId];
      if (known !== undefined) recallTrimmed(item, known, this.events);
      else if (item.settled) this.#doubtful.add(item.interactionId);
    }
  }

  /** One entry for each; what cannot be written now is tried again by the next sweep. */
  async #expire(items: readonly InboxItem[]): Promise<void> {
    for (const item of items) {
      const { interactionId } = item;
      if (this.isEnding(item)) continue;
      if (item.outbox && this.inbox.mayHaveLeft) {
        // It may lie at its recipient's by now: only the daemon there can say that it does not.
        await this.moveTo(item, "ambiguous").catch((err: unknown) =>
          this.#ports.log.warn({ err, interaction_id: interactionId }, "Its end could not be written."),
        );
        continue;
      }
      const t =
        !item.cancelRequested && item.deadline <= this.#ports.clock.monotonic() ? "expired" : "lapsed";
      item.closing = true;
      await this.writeEnding(item, { t, interaction_id: interactionId }, derivedId(interactionId, t))
        .catch((err: unknown) =>
          this.#ports.log.warn({ err, interaction_id: interactionId }, "Its end could not be written."),
        )
        .finally(() => {
          item.closing = false;
        });
    }
  }

  async #letterOf(item: InboxItem): Promise<DeadLetter> {
    const { command, at } = (await this.commands([item])).get(item.seq)!;
    return letterOf(item, command, at);
  }

  #repair(): Promise<void> {
    return this.during(async () => {
      let looked = 0;
      for (const item of this.inbox.items()) {
        if (this.#isBehind(item)) await this.follow(item);
        if (++looked % turnItems === 0) await nextTurn();
      }
      this.trimEvents();
    });
  }

  /** Something may have to follow from what the inbox's log says of the item. */
  #isBehind(item: InboxItem): boolean {
    const { interactionId, ending, answers, questionAnswers, release, moves } = item;
    const { assigned, sealed } = this.events.interaction(interactionId);
    if (isDeadLetter(item)) return true;
    if (sealed) return false;
    if (assigned === 0 || ending !== undefined || answers.length + questionAnswers.length > 0) return true;
    return release !== undefined || moves.length > 0;
  }

  #repairLater(): void {
    this.#stopRepair ??= this.#ports.clock.after(repairDelayMs, () => {
      this.#stopRepair = undefined;
      void this.#repair();
    });
  }

  /** Begins to let go of old events when there are too many. */
  trimEvents(): void {
    this.#trim.start();
  }
}
