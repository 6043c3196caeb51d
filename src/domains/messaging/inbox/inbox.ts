import { ListedCopies, type OmittedAnswers } from "../copies/listed-copies.js";
import { type GivenAnswer, missingAnswers } from "../host/question-answers.js";
import { Counts } from "../model/counts.js";
import { isLimited } from "../model/limited.js";
import type { CommsLimits } from "../ports.js";
import { type Reservation, reserve } from "../streams/reservation.js";
import { claimLives, claimTtlMs, isClaimOf } from "./claim.js";
import {
  cancelled,
  closed,
  copyExpired,
  copyOmitted,
  dismissed,
  endingOfAnswer,
  endingOfOutcome,
  expired,
  lapsed,
  refused,
} from "./endings.js";
import type {
  AcceptedRecord,
  AnsweredEntry,
  Ending,
  InboxEntry,
  InputAnsweredEntry,
  MovedEntry,
  ReleasedEntry,
  Sender,
  SettledEntry,
} from "./inbox-entry.js";
import { acceptedItem, type InboxItem, isClaimed, isShown } from "./inbox-item.js";
import type { RestingClaim, RestingInbox } from "./resting.js";
import { type Waiting, WaitingCount } from "./waiting.js";

/** Commands of one inbox that are kept in memory until they are drained, characters of JSON; others are read again. */
const keptChars = 1024 * 1024;
/** Commands that are given out together, characters of JSON: a claim of many large ones would hold everybody up. */
const offeredChars = 1024 * 1024;
/** Senders that are told apart before they are forgotten. */
const sendersKnown = 1_024;
/** Readings of the clocks at which an entry is taken in, milliseconds. */
export interface Readings {
  monotonic: number;
  wall: number;
  /** Wall time that never runs ahead of what the process lived through. */
  retention: number;
}

type CancelRequest = NonNullable<AcceptedRecord["cancel"]>;

/** Of the many inboxes at rest most have nothing to remember. */
const none: ReadonlyMap<string, never> = new Map<string, never>();

/** A session's inbox as its log tells it. No I/O; the clock's readings are given to it. */
export class Inbox {
  readonly #ttlMs: number;
  readonly #attemptsMax: number;
  readonly #items = new Map<string, InboxItem>();
  /** Items that are not settled, in order. */
  readonly #open: InboxItem[] = [];
  /** How many of them go before the others. */
  #steering = 0;
  readonly #cancelling = new Set<InboxItem>();
  /** Items that are not settled and have answers to questions for their host. */
  readonly #questioned = new Set<InboxItem>();
  /** The copies of answers among the items that have not ended. */
  readonly #copies: ListedCopies;
  /** How many of the open items are copies of answers. */
  #openCopies = 0;
  /** Position of the entry that was taken in last. */
  #position = 0;
  /** One object for each sender, however many entries of the log repeat it. */
  readonly #senders = new Map<string, Sender>();
  /** Messages and requests that are not settled, by sender. */
  readonly #openOf = new Counts();
  #kept = 0;
  #said = 0;
  closed = false;
  /** What is queued in this outbox may have left without that being known. */
  mayHaveLeft = false;
  #seen = false;
  /** Answers up to this position are queued with their askers. */
  queuedThrough = 0;

  constructor({ reservationTtlMs, attemptsMax, answersListed, dedupeWindowMs }: CommsLimits) {
    this.#ttlMs = reservationTtlMs;
    this.#attemptsMax = attemptsMax;
    this.#copies = new ListedCopies(answersListed, dedupeWindowMs);
  }

  item(interactionId: string): InboxItem | undefined {
    return this.#items.get(interactionId);
  }

  items(): IterableIterator<InboxItem> {
    return this.#items.values();
  }

  get size(): number {
    return this.#items.size;
  }

  /** Characters of commands, answers and outcomes that are in memory. */
  get keptChars(): number {
    return this.#kept + this.#said;
  }

  /** Items that are not settled, oldest first. */
  get open(): readonly InboxItem[] {
    return this.#open;
  }

  /** Items that take room: those that are not settled, except copies of answers, which have room of their own. */
  get roomTaken(): number {
    return this.#open.length - this.#openCopies;
  }

  /** Copies of answers that left the list unread while their log is kept; `now` in wall milliseconds. */
  omittedAnswers(now: number): OmittedAnswers | undefined {
    return this.#copies.omitted(now);
  }

  /** Items that wait for a host. */
  unread(now: number): number {
    let count = 0;
    for (const { claim, claiming, held } of this.#open)
      if (!held && !claiming && (claim === undefined || claim.until <= now)) count += 1;
    return count;
  }

  /** Listed items that no host has claimed; undefined without one. */
  waiting(now: number): Waiting | undefined {
    const found = new WaitingCount();
    for (const item of this.#open)
      if (isShown(item, now) && !isClaimed(item, now)) found.add(item.acceptedAt);
    return found.sum;
  }

  /** Items that wait for a decision. */
  held(): InboxItem[] {
    return this.#open.filter(({ held }) => held);
  }

  /** Interactions of the holder that are asked to end and of which no drain has told it. */
  cancellations(fence: number, now: number): string[] {
    const told: string[] = [];
    for (const item of this.#cancelling) {
      if (!claimLives(item.claim, fence, now) || item.cancelTold === item.claim.hash) continue;
      item.cancelTold = item.claim.hash;
      told.push(item.interactionId);
    }
    return told;
  }

  /** Answers to questions of the holder's interactions that it does not have, in order. */
  questionAnswers(fence: number, now: number): { item: InboxItem; answer: GivenAnswer }[] {
    if (this.#questioned.size === 0) return [];
    return missingAnswers([...this.#questioned].filter(({ claim }) => claimLives(claim, fence, now)));
  }

  /** The holder has the answers that came in these envelopes. */
  answersReceived(envelopeIds: readonly string[], fence: number, now: number): void {
    for (const { claim, questionAnswers } of this.#questioned)
      if (claimLives(claim, fence, now))
        for (const answer of questionAnswers)
          if (envelopeIds.includes(answer.envelopeId)) answer.receivedBy = claim.hash;
  }

  /** Items whose time, or last try, is over and that no host has, in order. */
  overdue(now: number): InboxItem[] {
    return this.#open.filter(
      (item) => item.ending === undefined && this.overdueAt(item) <= now && !item.claiming,
    );
  }

  /** Monotonic time at which an item ends unless something changes: while a host has it, it is not late. */
  overdueAt(item: InboxItem): number {
    const { deadline, claim } = item;
    const at = this.#isLastTry(item) ? 0 : deadline;
    return claim === undefined ? at : Math.max(at, claim.until);
  }

  /** It is not given out again: it was too often, is asked to end, or left the list. */
  #isLastTry({ attempt, returned, cancelRequested, omitted }: InboxItem): boolean {
    return cancelRequested || omitted || attempt - returned >= this.#attemptsMax;
  }

  /** Monotonic time after `now` at which an item becomes overdue; Infinity when none will. */
  nextOverdue(now: number): number {
    let next = Number.POSITIVE_INFINITY;
    for (const item of this.#open) {
      const at = this.overdueAt(item);
      if (at > now && at < next && item.ending === undefined) next = at;
    }
    return next;
  }

  /** Wall time at which an item ends next unless something changes; Infinity when none will. */
  nextExpiry(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const { deadline, expiresAt } of this.#open)
      if (deadline < Number.POSITIVE_INFINITY && expiresAt < next) next = expiresAt;
    return next;
  }

  /** Whether at least `count` messages and requests of the sender wait for a host. */
  hasUnread(sender: string, count: number, now: number): boolean {
    let unread = this.#openOf.of(sender);
    if (unread < count) return false;
    for (const { sender: from, kind, claim, claiming, moves } of this.#open) {
      if (from.session_id !== sender || !isLimited(kind)) continue;
      // What its recipient's daemon has is that inbox's to count.
      if (
        claiming ||
        moves.some(({ state }) => state !== "ambiguous") ||
        (claim !== undefined && claim.until > now)
      )
        unread -= 1;
    }
    return unread >= count;
  }

  /** What the log does not tell again; undefined while a host or a reader has to do with it. */
  rest(now: number): RestingInbox | undefined {
    const claims = new Map<string, RestingClaim>();
    const delayed = new Map<string, number>();
    const reservations = new Map<string, Reservation>();
    const waiting = new WaitingCount();
    let unclaimed = 0;
    for (const item of this.#open) {
      const { interactionId, claim, claiming, held, notBefore } = item;
      if (claiming) return undefined;
      if (notBefore > now) delayed.set(interactionId, notBefore);
      if (claim === undefined) unclaimed += held ? 0 : 1;
      else {
        const known = claims.get(claim.hash);
        if (known === undefined)
          claims.set(claim.hash, { until: claim.until, items: 1, listed: new WaitingCount() });
        else known.items += 1;
      }
      if (!isShown(item, now)) continue;
      (claim === undefined ? waiting : claims.get(claim.hash)!.listed).add(item.acceptedAt);
    }
    for (const { interactionId, reservation } of this.#items.values()) {
      if (reservation === undefined) continue;
      if (reservation.state === "reserved" || reservation.state === "attached") return undefined;
      reservations.set(interactionId, reservation);
    }
    return {
      unclaimed,
      waiting: waiting.sum,
      claims: claims.size > 0 ? claims : none,
      delayed: delayed.size > 0 ? delayed : none,
      reservations: reservations.size > 0 ? reservations : none,
      queuedThrough: this.queuedThrough,
    };
  }

  /** Makes of what the log told what it was before it rested. */
  wake({ claims, delayed, reservations, queuedThrough }: RestingInbox): void {
    this.queuedThrough = Math.max(this.queuedThrough, queuedThrough);
    for (const item of [...this.#open]) {
      const known = item.claim === undefined ? undefined : claims.get(item.claim.hash);
      if (known === undefined) item.claim = undefined;
      else item.claim!.until = known.until;
      item.notBefore = delayed.get(item.interactionId) ?? 0;
      // Nobody has to do it again, and nobody is at it.
      if (item.ending !== undefined && item.claim === undefined) this.#settle(item);
    }
    for (const [interactionId, reservation] of reservations) {
      const item = this.#items.get(interactionId);
      if (item !== undefined) item.reservation = reservation;
    }
  }

  forget(interactionId: string): void {
    this.#said -= this.#items.get(interactionId)?.saidChars ?? 0;
    this.#items.delete(interactionId);
  }

  /**
   * Up to `max` items that a host may have now, and fewer when they are large: those that steer, then the others, oldest
   * first; claims that are over have let go of theirs.
   */
  offered(max: number, fence: number, now: number): InboxItem[] {
    const found: InboxItem[] = [];
    const over: InboxItem[] = [];
    let chars = 0;
    for (const item of this.#offerOrder()) {
      if (found.length === max) break;
      if (
        item.claiming ||
        item.closing ||
        item.held ||
        item.notBefore > now ||
        claimLives(item.claim, fence, now)
      )
        continue;
      if (item.ending === undefined && (item.deadline <= now || this.#isLastTry(item))) continue;
      if (item.ending === undefined) {
        chars += item.chars;
        if (found.length > 0 && chars > offeredChars) break;
      }
      item.claim = undefined;
      // Answered for good by a host that then vanished: nobody has to do it again.
      (item.ending === undefined ? found : over).push(item);
    }
    for (const item of over) this.#settle(item);
    return found;
  }

  #offerOrder(): readonly InboxItem[] {
    if (this.#steering === 0) return this.#open;
    return [...this.#open.filter(({ steer }) => steer), ...this.#open.filter(({ steer }) => !steer)];
  }

  /** Monotonic time at which an item may come free by itself; Infinity when none will. */
  nextFree(now: number): number {
    let next = Number.POSITIVE_INFINITY;
    for (const { claim, held, notBefore } of this.#open) {
      if (held) continue;
      const free = Math.max(claim?.until ?? 0, notBefore);
      if (free > now && free < next) next = free;
    }
    return next;
  }

  /** Renews a claim that its host names, also one that has run out; returns the interactions that are still its. */
  renew(hash: string, fence: number, now: number): InboxItem[] {
    const items = this.#open.filter(
      ({ claim, closing }) => isClaimOf(claim, hash, fence) && !(closing && claim.until <= now),
    );
    for (const { claim } of items) if (claim !== undefined) claim.until = now + claimTtlMs;
    return items;
  }

  /** Lets go of a batch that its host will never see. */
  release(hash: string): void {
    for (const item of this.#open) if (item.claim?.hash === hash) item.claim = undefined;
  }

  /** Keeps the command in memory when it is among the few that fit. */
  keep(item: InboxItem, entry: AcceptedRecord): void {
    if (item.settled || this.#kept + item.chars > keptChars) return;
    item.entry = entry;
    this.#kept += item.chars;
  }

  /**
   * Takes in the next entry of the log, whose JSON has so many characters; returns the interactions that it is about: of
   * an acceptance first its own, then the one that leaves the list for it.
   */
  apply(seq: number, entry: InboxEntry, chars: number, readings: Readings): InboxItem[] {
    const now = readings.monotonic;
    this.#position = seq;
    // What a log told that is trimmed nobody knows.
    if (!this.#seen && seq > 1) this.mayHaveLeft = true;
    this.#seen = true;
    this.queuedThrough = Math.max(this.queuedThrough, entry.queued_through ?? 0);
    switch (entry.t) {
      case "accepted":
        return this.#accept(seq, entry, chars, readings);
      case "answered":
        return this.#say(this.#answer(seq, entry, entry.at), chars);
      case "input_answered":
        return this.#say(this.#answerQuestion(seq, entry, entry.at, chars), chars);
      case "claimed": {
        const claim = { hash: entry.claim, fence: entry.fence, until: now + claimTtlMs };
        return this.#each(entry.interactions, (item) => {
          item.attempt += 1;
          item.claiming = false;
          if (item.settled) return;
          item.claim = claim;
          item.taken = true;
        });
      }
      case "settled":
        return this.#say(
          this.#each([entry.interaction_id], (item) => this.#settled(item, entry, entry.at, readings)),
          chars,
        );
      case "released":
        return this.#each([entry.interaction_id], (item) => this.#release(seq, item, entry, entry.at));
      case "dismissed":
        return this.#each([entry.interaction_id], (item) => {
          if (item.ending === undefined) this.#stop(item, dismissed, entry.at);
        });
      case "expired":
        return this.#each([entry.interaction_id], (item) => this.#stop(item, endingInTime(item), entry.at));
      case "lapsed":
        return this.#each([entry.interaction_id], (item) => this.#stop(item, lastEnding(item), entry.at));
      case "moved":
        return this.#each([entry.interaction_id], (item) => this.#move(item, entry, entry.at));
      case "ended":
        return this.#say(
          this.#each([entry.interaction_id], (item) => {
            this.#end(item, entry.ending, entry.at);
            this.#settle(item);
          }),
          chars,
        );
      case "reported":
        return this.#each([entry.interaction_id], (item) => {
          item.reported = true;
        });
      case "linked":
        this.mayHaveLeft = entry.up;
        return [];
      case "closed":
        this.closed = true;
        if (entry.moved_to === undefined)
          return [...this.#open].map((item) => this.#stop(item, closed, entry.at));
        for (const item of [...this.#open]) this.#leave(item);
        return [];
      case "stream_ended":
        return this.#each([entry.interaction_id], (item) => {
          if (item.reservation !== undefined) item.reservation = { state: entry.state ?? "closed_early" };
        });
      case "trimmed":
        return [];
    }
  }

  #accept(seq: number, entry: AcceptedRecord, chars: number, readings: Readings): InboxItem[] {
    const now = readings.monotonic;
    const item = acceptedItem(seq, entry, {
      sender: this.#sender(entry.sender),
      chars,
      deadline: deadlineOf(entry, readings),
      reservation: entry.reserved ? reserve(now, this.#ttlMs) : undefined,
    });
    this.#items.set(item.interactionId, item);
    this.#open.push(item);
    if (item.steer) this.#steering += 1;
    if (isLimited(item.kind)) this.#openOf.add(item.sender.session_id, 1);
    if (isCopy(item)) this.#openCopies += 1;
    if (this.closed) return [this.#stop(item, closed, entry.at)];
    if (entry.cancel !== undefined) this.#cancel(item, entry.cancel, entry.at);
    if (item.outbox) this.#carryAnswer(item, entry);
    const leaving = isCopy(item) ? this.#copies.add(item) : undefined;
    return leaving === undefined ? [item] : [item, this.#omit(leaving, entry.at)];
  }

  /** A host that took the copy may finish with it; else it ends here. All of that follows from the log alone. */
  #omit(item: InboxItem, at: number): InboxItem {
    item.omitted = true;
    return item.taken ? item : this.#stop(item, copyOmitted, at);
  }

  /** The request is done with at once, and its result says what became of the interaction. */
  #cancel(request: InboxItem, { interaction_id, claimed, told_as }: CancelRequest, at: number): void {
    const target = this.#items.get(interaction_id);
    let state: "cancelled" | "requested" | "ended" = "ended";
    if (target !== undefined && target.ending === undefined) {
      state = claimed ? "requested" : "cancelled";
      if (claimed) {
        target.cancelRequested = true;
        this.#cancelling.add(target);
      } else this.#stop(target, cancelled, at);
    }
    request.deadline = Number.POSITIVE_INFINITY;
    this.#end(
      request,
      { kind: "complete", result: { interaction_id: told_as ?? interaction_id, state } },
      at,
    );
    this.#settle(request);
  }

  #sender(said: Sender): Sender {
    const known = this.#senders.get(said.session_id);
    const isKnown =
      known?.name === said.name &&
      known.principal === said.principal &&
      known.principal_kind === said.principal_kind;
    if (isKnown) return known;
    if (this.#senders.size >= sendersKnown) this.#senders.clear();
    this.#senders.set(said.session_id, said);
    return said;
  }

  #answer(seq: number, entry: AnsweredEntry, at: number): InboxItem[] {
    return this.#each([entry.interaction_id], (item) => {
      this.#recall(item);
      // Two answers may race into the log: the second finds the interaction ended and is void.
      if (item.ending !== undefined) return;
      item.answers = [...item.answers, { seq, entry, at }];
      item.deadline = Number.POSITIVE_INFINITY;
      const ending = endingOfAnswer(entry);
      if (ending === undefined) return;
      this.#end(item, ending, at);
      if (item.claim === undefined && !item.claiming) this.#settle(item);
    });
  }

  #answerQuestion(seq: number, entry: InputAnsweredEntry, at: number, chars: number): InboxItem[] {
    return this.#each([entry.interaction_id], (item) => {
      const { request_id: requestId, envelope_id: envelopeId } = entry;
      // The end of the interaction, or another answer, was accepted first.
      if (item.ending !== undefined || item.questionAnswers.some((first) => first.requestId === requestId))
        return;
      const answer = { requestId, envelopeId, given: { seq, entry, at, chars }, receivedBy: undefined };
      item.questionAnswers = [...item.questionAnswers, answer];
      this.#questioned.add(item);
    });
  }

  /** A command of the outbox that answers a question of an earlier one. */
  #carryAnswer(outgoing: InboxItem, { command, envelope_id: envelopeId }: AcceptedRecord): void {
    const question = command.options?.in_reply_to;
    const target = question && this.#items.get(question.interaction_id);
    if (target === undefined) return;
    const answer = { requestId: question!.request_id, envelopeId, outgoing, receivedBy: undefined };
    target.questionAnswers = [...target.questionAnswers, answer];
  }

  #settled(item: InboxItem, entry: SettledEntry, at: number, { monotonic: now, wall }: Readings): void {
    const { outcome } = entry;
    const late = item.claim !== undefined && item.claim.hash !== entry.claim;
    // Given back when it was another host's already: that one keeps it.
    if (late && outcome.kind === "retry_after") return;
    item.claim = undefined;
    item.taken = false;
    item.endedBy = entry.claim;
    this.#recall(item);
    if (item.settled) return;
    if (outcome.kind === "retry_after" && (item.cancelRequested || item.omitted))
      this.#end(item, lastEnding(item), at);
    if (outcome.kind === "retry_after" && item.ending === undefined) {
      item.returned += 1;
      item.notBefore = now + Math.min(outcome.delay_ms, Math.max(0, at + outcome.delay_ms - wall));
      return;
    }
    const ending = endingOfOutcome(entry);
    if (ending !== undefined) this.#end(item, ending, at);
    this.#settle(item);
  }

  /** From now on its end is the recipient's daemon's to tell. */
  #move(item: InboxItem, { state, reason }: MovedEntry, at: number): void {
    if (item.ending !== undefined || item.moves.some((move) => move.state === state)) return;
    item.moves = [...item.moves, { state, at, reason }];
    item.deadline = Number.POSITIVE_INFINITY;
  }

  #release(seq: number, item: InboxItem, { decision }: ReleasedEntry, at: number): void {
    if (!item.held || item.ending !== undefined) return;
    item.held = false;
    item.release = { seq, decision, at };
    if (decision === "deliver") return;
    this.#end(item, refused, at);
    this.#settle(item);
  }

  #stop(item: InboxItem, ending: Ending, at: number): InboxItem {
    this.#end(item, ending, at);
    item.claim = undefined;
    this.#settle(item);
    return item;
  }

  /** The item goes on in another inbox; one that has ended here stays. */
  #leave(item: InboxItem): void {
    item.claim = undefined;
    this.#settle(item);
    if (item.ending !== undefined) return;
    if (isCopy(item)) this.#copies.remove(item);
    this.forget(item.interactionId);
  }

  #end(item: InboxItem, ending: Ending, at: number): void {
    if (item.ending !== undefined) return;
    item.ending = ending;
    item.endedAt = at;
    item.endSeq = this.#position;
    if (!isCopy(item)) return;
    this.#copies.remove(item);
    if (ending === copyOmitted || ending === copyExpired) this.#copies.omit(item);
  }

  /** Logs from before lists had a limit go on with copies that left the list by today's rule. */
  #recall(item: InboxItem): void {
    if (item.ending === copyOmitted) this.#copies.recall(item);
  }

  #settle(item: InboxItem): void {
    if (item.settled) return;
    item.settled = true;
    item.held = false;
    this.#cancelling.delete(item);
    this.#questioned.delete(item);
    if (isLimited(item.kind)) this.#openOf.add(item.sender.session_id, -1);
    if (isCopy(item)) this.#openCopies -= 1;
    this.#unkeep(item);
    const at = this.#open.indexOf(item);
    if (at < 0) return;
    this.#open.splice(at, 1);
    if (item.steer) this.#steering -= 1;
  }

  #say(items: InboxItem[], chars: number): InboxItem[] {
    for (const item of items) {
      item.saidChars += chars;
      this.#said += chars;
    }
    return items;
  }

  #unkeep(item: InboxItem): void {
    if (item.entry === undefined) return;
    item.entry = undefined;
    this.#kept -= item.chars;
  }

  #each(ids: readonly string[], change: (item: InboxItem) => void): InboxItem[] {
    const items: InboxItem[] = [];
    for (const id of ids) {
      const item = this.#items.get(id);
      if (item === undefined) continue;
      change(item);
      items.push(item);
    }
    return items;
  }
}

/** The copy of an answer in its asker's inbox. */
function isCopy({ kind }: InboxItem): boolean {
  return kind === "peer_response";
}

/** How an item ends whose time is over. */
function endingInTime(item: InboxItem): Ending {
  if (item.omitted) return copyOmitted;
  return isCopy(item) ? copyExpired : expired;
}

/** How an item ends that is not given out again. */
function lastEnding({ omitted, cancelRequested }: InboxItem): Ending {
  if (omitted) return copyOmitted;
  return cancelRequested ? cancelled : lapsed;
}

/** Monotonic end of a command's time: never further away than it was at first, whatever the wall clock was set to. */
function deadlineOf(entry: AcceptedRecord, { monotonic, retention }: Readings): number {
  if (entry.expires_at === undefined) return Number.POSITIVE_INFINITY;
  return monotonic + Math.min(entry.expires_at - entry.at, Math.max(0, entry.expires_at - retention));
}
