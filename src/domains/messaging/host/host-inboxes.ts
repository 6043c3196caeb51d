import type {
  Claim,
  DeadLetter,
  HeldInteraction,
  HostEvent,
  InboxInteraction,
  Outcome,
  QuestionAnswer,
} from "../../../generated/types.js";
import { ContractError } from "../../../kernel/contract-error.js";
import { tokenHash } from "../../../kernel/token-hash.js";
import { derivedId } from "../../../lib/derived-id.js";
import type { NewEvent } from "../events/event-log.js";
import { dueEvents } from "../events/interaction-events.js";
import { type BatchClaim, claimTtlMs, isClaimOf } from "../inbox/claim.js";
import type { AcceptedRecord } from "../inbox/inbox-entry.js";
import type { InboxItem } from "../inbox/inbox-item.js";
import type { Mailbox } from "../inbox/mailbox.js";
import type { Mailboxes } from "../inbox/mailboxes.js";
import { dropDeadLetter, listDeadLetters, retryDeadLetter } from "../letters/dead-letter-box.js";
import { encodeFitting } from "../model/encode-fitting.js";
import { type CommsPorts, type DirectorySession, defaultLimits } from "../ports.js";
import { dismiss } from "./dismiss.js";
import { listHeld, releaseHeld } from "./held.js";
import { interactionOf } from "./host-interaction.js";
import { type ListedPage, type ListRequest, listInbox } from "./inbox-list.js";
import { copyWaiting, type InboxMove, sealMoved } from "./move-inbox.js";
import { questionAnswerOf } from "./question-answers.js";

/** What the frame of a stored event or outcome needs beside it, bytes. */
const frameBytes = 1024;

interface Claimed {
  sessionId: string;
  fence: number;
  claimToken: string;
  interactionId: string;
}

/** A host asks for work. */
export interface DrainRequest {
  sessionId: string;
  fence: number;
  max: number;
  /** Minted by the caller: a repeat with it gets the same batch. */
  claimToken?: string | undefined;
  /** Tokens of claims that the host still works under; they are renewed first. */
  held?: readonly string[];
  /** Envelopes of answers to questions that the host has; without it each answer comes once for a claim. */
  answersReceived?: readonly string[] | undefined;
  /** Without it only what is there now counts. */
  wait?: { ms: number; signal: AbortSignal };
  /** Throws when the caller is gone or no longer the holder: then nothing may be claimed for it. */
  requireWanted(): void;
}

/** What a host gets at once. */
export interface Drained {
  claim?: Claim;
  interactions: InboxInteraction[];
  /** Interactions that it has and that are asked to end. */
  cancel_requested?: string[];
  /** Answers to questions of interactions that it has. */
  answers?: QuestionAnswer[];
}

/** The host's side of a session: what the sessions plane's drain, emit and settle come to. */
export class HostInboxes {
  readonly #ports: CommsPorts;
  readonly #mailboxes: Mailboxes;
  /** Claims that are being written, by session and hash. */
  readonly #writing = new Map<string, Promise<unknown>>();

  /** What is on its way to a session of another daemon, by the name that the session has here. */
  readonly outboxOf: (name: string) => DirectorySession | undefined;

  constructor(
    ports: CommsPorts,
    mailboxes: Mailboxes,
    outboxOf: (name: string) => DirectorySession | undefined,
  ) {
    this.#ports = ports;
    this.outboxOf = outboxOf;
    this.#mailboxes = mailboxes;
  }

  summary(sessionId: string): Promise<{ unread: number; lastSequence: number }> {
    return this.#mailboxes.summary(sessionId);
  }

  copyWaiting(move: InboxMove): Promise<void> {
    const { backend, clock, limits } = this.#ports;
    return copyWaiting(backend, clock, { ...defaultLimits, ...limits }, move);
  }

  sealMoved(move: InboxMove): Promise<void> {
    return sealMoved(this.#ports.backend, this.#ports.clock, move);
  }

  async closeSession(sessionId: string): Promise<void> {
    await (await this.#mailboxes.get(sessionId)).close();
  }

  list(request: ListRequest): Promise<ListedPage> {
    return listInbox(this.#mailboxes, this.#ports.clock, request);
  }

  async dismiss(sessionId: string, interactionId: string): Promise<{ alreadyDismissed: boolean }> {
    return dismiss(await this.#mailboxes.get(sessionId), interactionId, this.#ports.clock);
  }

  async held(sessionId: string, limit: number): Promise<{ held: HeldInteraction[]; more: boolean }> {
    return listHeld(await this.#mailboxes.upToDate(sessionId), limit);
  }

  async releaseHeld(
    sessionId: string,
    interactionId: string,
    decision: "deliver" | "refuse",
  ): Promise<{ alreadyReleased: boolean }> {
    return releaseHeld(await this.#mailboxes.get(sessionId), interactionId, decision);
  }

  async deadLetters(sessionId: string, limit: number): Promise<{ letters: DeadLetter[]; more: boolean }> {
    return listDeadLetters(await this.#mailboxes.get(sessionId), limit);
  }

  async retryDeadLetter(
    sessionId: string,
    interactionId: string,
  ): Promise<{ interactionId: string; alreadyRetried: boolean }> {
    return retryDeadLetter(await this.#mailboxes.get(sessionId), interactionId, this.#ports.ids);
  }

  async dropDeadLetter(sessionId: string, interactionId: string): Promise<{ alreadyDropped: boolean }> {
    return dropDeadLetter(await this.#mailboxes.get(sessionId), interactionId);
  }

  /** Claims what waits, by one append for the batch; waits for the first one when asked to. */
  async drain(request: DrainRequest): Promise<Drained> {
    const found = this.#mailboxes.upToDate(request.sessionId);
    const mailbox = found instanceof Promise ? await found : found;
    // A claim in a mailbox that had left the memory meanwhile would be unknown to the one that is loaded next.
    return mailbox.during(() => this.#drain(mailbox, request));
  }

  async #drain(mailbox: Mailbox, request: DrainRequest): Promise<Drained> {
    const { clock } = this.#ports;
    const { fence, max, claimToken, held = [], wait, requireWanted } = request;
    const deadline = clock.monotonic() + (wait?.ms ?? 0);
    for (const token of held) mailbox.inbox.renew(tokenHash(token), fence, clock.monotonic());
    mailbox.inbox.answersReceived(request.answersReceived ?? [], fence, clock.monotonic());
    for (;;) {
      wait?.signal.throwIfAborted();
      requireWanted();
      if (claimToken !== undefined) {
        const hash = tokenHash(claimToken);
        const writing = this.#writing.get(writingKey(mailbox, hash));
        if (writing !== undefined) {
          await writing;
          continue;
        }
        // The answer to the first may have been lost.
        const known = mailbox.inbox.renew(hash, fence, clock.monotonic());
        if (known.length > 0) {
          const commands = await mailbox.commands(known);
          return { ...this.#batch(claimToken, known, commands), ...this.#answers(mailbox, request) };
        }
      }
      const now = clock.monotonic();
      const items = mailbox.inbox.offered(max, fence, now);
      const cancellations = mailbox.inbox.cancellations(fence, now);
      const told = cancellations.length > 0 ? { cancel_requested: cancellations } : {};
      if (items.length > 0) {
        const claimed = await this.#claim(mailbox, items, request);
        return { ...claimed, ...told, ...this.#answers(mailbox, request) };
      }
      const answers = this.#answers(mailbox, request);
      if (cancellations.length > 0 || answers.answers !== undefined)
        return { interactions: [], ...told, ...answers };
      if (wait === undefined || now >= deadline) return { interactions: [] };
      await mailbox.changed(Math.min(deadline, mailbox.inbox.nextFree(now)), wait.signal);
    }
  }

  /** Answers to the host's questions that it does not have. One that does not name what it has gets each of them once. */
  #answers({ inbox }: Mailbox, { fence, answersReceived }: DrainRequest): Pick<Drained, "answers"> {
    const found = inbox.questionAnswers(fence, this.#ports.clock.monotonic());
    if (found.length === 0) return {};
    if (answersReceived === undefined)
      for (const { item, answer } of found) answer.receivedBy = item.claim?.hash;
    return { answers: found.map(({ item, answer }) => questionAnswerOf(item, answer.given!)) };
  }

  /** Appends a host's events to its interaction; all of them are issued before the first is waited for. */
  async emit(
    request: Claimed & { events: readonly HostEvent[]; idempotencyKey?: string },
  ): Promise<{ lastSequence: number; claimExpiresAt: number; cancelRequested: boolean }> {
    const { clock, ids } = this.#ports;
    const { interactionId, idempotencyKey: key, events } = request;
    const { mailbox, item, claim } = await this.#claimed(request);
    for (const [at, event] of events.entries()) encodeFitting(event, `events[${at}]`, frameBytes);
    const { events: log } = mailbox;
    const batch = events.map((event, at): NewEvent => {
      const id = key === undefined ? ids.uuid() : derivedId("emit", interactionId, key, at);
      return { id, interactionId, event };
    });
    if (mailbox.isEnding(item)) await mailbox.hasEnded(item);
    await log.append(() => {
      // A repeat waits for what is in flight, and writes only what its first try did not.
      if (batch.every((event) => log.has(event))) return batch;
      const cursor = log.interaction(interactionId);
      if (cursor.sealed || mailbox.isEnding(item)) throw new ContractError("interaction_ended");
      return [...dueEvents(item, cursor, clock.now()), ...batch];
    });
    item.deadline = Number.POSITIVE_INFINITY;
    mailbox.report(item);
    claim.until = clock.monotonic() + claimTtlMs;
    mailbox.trimEvents();
    return {
      lastSequence: log.interaction(interactionId).published,
      claimExpiresAt: clock.now() + claimTtlMs,
      cancelRequested: item.cancelRequested,
    };
  }

  /**
   * The entry in the inbox's log is the truth; the terminal event follows from it. Its id follows from the claim, so that
   * a repeat that overtakes the first does not settle twice: by then the item may be somebody else's.
   */
  async settle(request: Claimed & { outcome: Outcome }): Promise<{ alreadySettled: boolean }> {
    const { interactionId, outcome } = request;
    const mailbox = await this.#mailboxes.get(request.sessionId);
    const item = mailbox.inbox.item(interactionId);
    if (item === undefined) throw new ContractError("interaction_not_found");
    const claimHash = tokenHash(request.claimToken);
    if (item.endedBy === claimHash) return { alreadySettled: true };
    requireClaim(item, claimHash, request.fence, this.#ports.clock.monotonic());
    encodeFitting(outcome, "outcome", frameBytes);
    const entry = { t: "settled" as const, interaction_id: interactionId, claim: claimHash, outcome };
    const id = derivedId("settle", interactionId, claimHash);
    const { duplicate } =
      outcome.kind === "retry_after"
        ? await mailbox.write(interactionId, entry, id)
        : await mailbox.writeEnding(item, entry, id);
    // Given back although it is asked to end.
    if (outcome.kind === "retry_after" && item.ending !== undefined) await mailbox.follow(item);
    return { alreadySettled: duplicate };
  }

  async #claim(
    mailbox: Mailbox,
    items: readonly InboxItem[],
    request: DrainRequest,
  ): Promise<{ claim: Claim; interactions: InboxInteraction[] }> {
    const token = request.claimToken ?? this.#ports.ids.secret(24);
    const key = writingKey(mailbox, tokenHash(token));
    const claiming = this.#writeClaim(mailbox, items, token, request);
    this.#writing.set(
      key,
      claiming.catch(() => {}),
    );
    try {
      return await claiming;
    } finally {
      this.#writing.delete(key);
    }
  }

  async #writeClaim(
    mailbox: Mailbox,
    items: readonly InboxItem[],
    token: string,
    { fence, wait, requireWanted }: DrainRequest,
  ): Promise<{ claim: Claim; interactions: InboxInteraction[] }> {
    const claimHash = tokenHash(token);
    let commands: Map<number, AcceptedRecord>;
    for (const item of items) item.claiming = true;
    try {
      commands = await mailbox.commands(items);
      const interactions = items.map(({ interactionId }) => interactionId);
      await mailbox.write("session", { t: "claimed", claim: claimHash, fence, interactions });
    } finally {
      for (const item of items) item.claiming = false;
    }
    try {
      wait?.signal.throwIfAborted();
      requireWanted();
    } catch (gone) {
      mailbox.inbox.release(claimHash);
      mailbox.wake();
      throw gone;
    }
    return this.#batch(token, items, commands);
  }

  #batch(
    token: string,
    items: readonly InboxItem[],
    commands: ReadonlyMap<number, AcceptedRecord>,
  ): { claim: Claim; interactions: InboxInteraction[] } {
    const hash = tokenHash(token);
    return {
      claim: { token, expires_at: new Date(this.#ports.clock.now() + claimTtlMs).toISOString() },
      // What ended meanwhile needs no work any more, and what was given back may belong to another claim.
      interactions: items
        .filter(({ settled, ending, claim }) => !settled && ending === undefined && claim?.hash === hash)
        .map((item) => interactionOf(item, commands.get(item.seq)!)),
    };
  }

  async #claimed(request: Claimed): Promise<{ mailbox: Mailbox; item: InboxItem; claim: BatchClaim }> {
    const mailbox = await this.#mailboxes.get(request.sessionId);
    const item = mailbox.inbox.item(request.interactionId);
    if (item === undefined) throw new ContractError("interaction_not_found");
    const claimHash = tokenHash(request.claimToken);
    if (item.settled && item.endedBy === claimHash) throw new ContractError("interaction_ended");
    const claim = requireClaim(item, claimHash, request.fence, this.#ports.clock.monotonic());
    return { mailbox, item, claim };
  }
}

/** The claim, renewed: one that has run out counts until the interaction goes to another, or its end is written. */
function requireClaim(item: InboxItem, claimHash: string, fence: number, now: number): BatchClaim {
  const { claim, closing } = item;
  if (!isClaimOf(claim, claimHash, fence) || (closing && claim.until <= now))
    throw new ContractError("fence_stale");
  claim.until = Math.max(claim.until, now + claimTtlMs);
  return claim;
}

function writingKey({ sessionId }: Mailbox, hash: string): string {
  return `${sessionId} ${hash}`;
}
