import type { CommsCommand } from "../../generated/types.js";
import type { SurfaceName } from "../../kernel/context.js";
import { type BatchClaim, claimLives, claimTtlMs } from "./claim.js";
import type {
  AcceptedRecord,
  AnsweredEntry,
  Ending,
  InboxEntry,
  Sender,
  SettledEntry,
} from "./inbox-entry.js";
import { type Reservation, reserve } from "./reservation.js";
import type { RestingInbox } from "./resting.js";

/** Commands of one inbox that are kept in memory until they are drained, characters of JSON; others are read again. */
const keptChars = 1024 * 1024;
/** Commands that are given out together, characters of JSON: a claim of many large ones would hold everybody up. */
const offeredChars = 1024 * 1024;
/** Senders that are told apart before they are forgotten. */
const sendersKnown = 1_024;
/** Most items never have any. */
const noAnswers: readonly Answer[] = [];
/** Of the many inboxes at rest most have nothing to remember. */
const none: ReadonlyMap<string, never> = new Map<string, never>();

/** An answer to an interaction. */
export interface Answer {
  readonly seq: number;
  readonly entry: AnsweredEntry;
  readonly at: number;
}

/** One accepted command and what became of it. */
export interface InboxItem {
  /** Position in the inbox's log: the order in which it is offered. */
  readonly seq: number;
  readonly interactionId: string;
  readonly sender: Sender;
  readonly surface: SurfaceName;
  readonly kind: CommsCommand["kind"];
  readonly reserved: boolean;
  /** What was accepted, while it is kept in memory. */
  entry: AcceptedRecord | undefined;
  /** Length of its JSON. */
  readonly chars: number;
  /** Length of the JSON of answers and outcome, which stay in memory. */
  saidChars: number;
  settled: boolean;
  /** How often it was given to a host. */
  attempt: number;
  claim: BatchClaim | undefined;
  /** A claim of it is being written. */
  claiming: boolean;
  /** Hash of the claim that gave it back or settled it. */
  endedBy: string | undefined;
  /** Monotonic time before which it is not offered. */
  notBefore: number;
  answers: readonly Answer[];
  ending: Ending | undefined;
  /** Wall time of the ending, milliseconds. */
  endedAt: number | undefined;
  reservation: Reservation | undefined;
}

/** A session's inbox as its log tells it. No I/O; the clock's readings are given to it. */
export class Inbox {
  readonly #ttlMs: number;
  readonly #items = new Map<string, InboxItem>();
  /** Items that are not settled, in order. */
  readonly #open: InboxItem[] = [];
  /** One object for each sender, however many entries of the log repeat it. */
  readonly #senders = new Map<string, Sender>();
  #kept = 0;
  #said = 0;
  closed = false;
  /** Answers up to this position are queued with their askers. */
  queuedThrough = 0;

  constructor(reservationTtlMs: number) {
    this.#ttlMs = reservationTtlMs;
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

  get openCount(): number {
    return this.#open.length;
  }

  /** Items that wait for a host. */
  unread(now: number): number {
    let count = 0;
    for (const { claim, claiming } of this.#open)
      if (!claiming && (claim === undefined || claim.until <= now)) count += 1;
    return count;
  }

  /** What the log does not tell again; undefined while a host or a reader has to do with it. */
  rest(now: number): RestingInbox | undefined {
    const claims = new Map<string, { until: number; items: number }>();
    const delayed = new Map<string, number>();
    const reservations = new Map<string, Reservation>();
    let unclaimed = 0;
    for (const { interactionId, claim, claiming, notBefore } of this.#open) {
      if (claiming) return undefined;
      if (notBefore > now) delayed.set(interactionId, notBefore);
      if (claim === undefined) unclaimed += 1;
      else {
        const known = claims.get(claim.hash);
        if (known === undefined) claims.set(claim.hash, { until: claim.until, items: 1 });
        else known.items += 1;
      }
    }
    for (const { interactionId, reservation } of this.#items.values()) {
      if (reservation === undefined) continue;
      if (reservation.state === "reserved" || reservation.state === "attached") return undefined;
      reservations.set(interactionId, reservation);
    }
    return {
      unclaimed,
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
   * Up to `max` items that a host may have now, and fewer when they are large, oldest first; claims that are over have let
   * go of theirs.
   */
  offered(max: number, fence: number, now: number): InboxItem[] {
    const found: InboxItem[] = [];
    const over: InboxItem[] = [];
    let chars = 0;
    for (const item of this.#open) {
      if (found.length === max) break;
      if (item.claiming || item.notBefore > now || claimLives(item.claim, fence, now)) continue;
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

  /** Monotonic time at which an item may come free by itself; Infinity when none will. */
  nextFree(now: number): number {
    let next = Number.POSITIVE_INFINITY;
    for (const { claim, notBefore } of this.#open) {
      const free = Math.max(claim?.until ?? 0, notBefore);
      if (free > now && free < next) next = free;
    }
    return next;
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

  /** Takes in the next entry of the log, whose JSON has so many characters; returns the interactions that it is about. */
  apply(seq: number, entry: InboxEntry, chars: number, now: number, wall: number): InboxItem[] {
    this.queuedThrough = Math.max(this.queuedThrough, entry.queued_through ?? 0);
    switch (entry.t) {
      case "accepted":
        return [this.#accept(seq, entry, chars, now)];
      case "answered":
        return this.#say(this.#answer(seq, entry, entry.at), chars);
      case "claimed": {
        const claim = { hash: entry.claim, fence: entry.fence, until: now + claimTtlMs };
        return this.#each(entry.interactions, (item) => {
          item.attempt += 1;
          item.claiming = false;
          if (!item.settled) item.claim = claim;
        });
      }
      case "settled":
        return this.#say(
          this.#each([entry.interaction_id], (item) => this.#settled(item, entry, entry.at, now, wall)),
          chars,
        );
      case "closed":
        this.closed = true;
        return [...this.#open].map((item) => this.#abandon(item, entry.at));
      case "stream_ended":
        return this.#each([entry.interaction_id], (item) => {
          if (item.reservation !== undefined) item.reservation = { state: "closed_early" };
        });
      case "trimmed":
        return [];
    }
  }

  #accept(seq: number, entry: AcceptedRecord, chars: number, now: number): InboxItem {
    const item: InboxItem = {
      seq,
      interactionId: entry.interaction_id,
      sender: this.#sender(entry.sender),
      surface: entry.surface,
      kind: entry.command.kind,
      reserved: entry.reserved,
      entry: undefined,
      chars,
      saidChars: 0,
      settled: false,
      attempt: 0,
      claim: undefined,
      claiming: false,
      endedBy: undefined,
      notBefore: 0,
      answers: noAnswers,
      ending: undefined,
      endedAt: undefined,
      reservation: entry.reserved ? reserve(now, this.#ttlMs) : undefined,
    };
    this.#items.set(item.interactionId, item);
    this.#open.push(item);
    return this.closed ? this.#abandon(item, entry.at) : item;
  }

  #sender(said: Sender): Sender {
    const known = this.#senders.get(said.session_id);
    if (known !== undefined && known.name === said.name && known.principal === said.principal) return known;
    if (this.#senders.size >= sendersKnown) this.#senders.clear();
    this.#senders.set(said.session_id, said);
    return said;
  }

  #answer(seq: number, entry: AnsweredEntry, at: number): InboxItem[] {
    return this.#each([entry.interaction_id], (item) => {
      const { status, result } = entry.command;
      // Two answers may race into the log: the second finds the interaction ended and is void.
      if (item.ending !== undefined) return;
      item.answers = [...item.answers, { seq, entry, at }];
      if (status === "accepted") return;
      this.#end(
        item,
        status === "completed"
          ? { kind: "complete", result }
          : {
              kind: "failed",
              reason: {
                code: "peer_failed",
                message: `${entry.sender.name} answered that it failed.`,
                retryable: false,
                result,
              },
            },
        at,
      );
      if (item.claim === undefined && !item.claiming) this.#settle(item);
    });
  }

  #settled(item: InboxItem, entry: SettledEntry, at: number, now: number, wall: number): void {
    const { outcome } = entry;
    const late = item.claim !== undefined && item.claim.hash !== entry.claim;
    // Given back when it was another host's already: that one keeps it.
    if (late && outcome.kind === "retry_after") return;
    item.claim = undefined;
    item.endedBy = entry.claim;
    if (item.settled) return;
    if (outcome.kind === "retry_after" && item.ending === undefined) {
      item.notBefore = now + Math.min(outcome.delay_ms, Math.max(0, at + outcome.delay_ms - wall));
      return;
    }
    if (outcome.kind === "done")
      this.#end(
        item,
        {
          kind: "complete",
          result: outcome.result ?? null,
          ...(outcome.usage === undefined ? {} : { usage: outcome.usage }),
        },
        at,
      );
    if (outcome.kind === "dead") {
      const { code, message, retryable } = outcome;
      this.#end(item, { kind: "failed", reason: { code, message, retryable } }, at);
    }
    this.#settle(item);
  }

  #abandon(item: InboxItem, at: number): InboxItem {
    const message = "The session was closed before it ended its work.";
    this.#end(item, { kind: "failed", reason: { code: "abandoned", message, retryable: true } }, at);
    item.claim = undefined;
    this.#settle(item);
    return item;
  }

  #end(item: InboxItem, ending: Ending, at: number): void {
    if (item.ending !== undefined) return;
    item.ending = ending;
    item.endedAt = at;
  }

  #settle(item: InboxItem): void {
    if (item.settled) return;
    item.settled = true;
    this.#unkeep(item);
    const at = this.#open.indexOf(item);
    if (at >= 0) this.#open.splice(at, 1);
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
