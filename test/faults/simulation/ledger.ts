import type {
  AgentEvent,
  CommsCommand,
  CommsStreamEvent,
  InboxInteraction,
  SendReceipt,
  SessionsDrainRequest,
  SessionsDrainResponse,
  SessionsEmitRequest,
  SessionsOpenRequest,
  SessionsOpenResponse,
  SessionsSettleRequest,
  SessionsSettleResponse,
} from "../../../src/generated/types.js";
import { ContractError } from "../../../src/kernel/contract-error.js";
import { storedReceipt } from "../../support/stored-receipt.js";
import type { Scheduler } from "./scheduler.js";

const claimMs = 60_000;
/**
 * Why a repeat may be refused although its first try is accepted: the daemon fails or stops, a daemon that stops cuts a
 * wait, or another holder came.
 */
const excused: ReadonlySet<string> = new Set([
  "storage_unavailable",
  "shutting_down",
  "request_cancelled",
  "fence_stale",
]);

interface Holder {
  token: string;
  fence: number;
  /** When its opening was answered. */
  since: number;
  ttlMs: number;
  /** Until when its lease lives at least; 0 when its connection decides, or nothing is certain. */
  aliveUntil: number;
  /** When the call arrived that renewed it after it had lapsed: until then the name was free. */
  lapsedUntil: number;
}

interface Claimed {
  claim: string;
  fence: number;
  until: number;
}

/** What an interaction went through, as the daemon's answers told it. */
export interface Story {
  interactionId: string;
  key: string | undefined;
  claimed: Claimed | undefined;
  /** The settlement that was acknowledged first. */
  settled: SessionsSettleRequest["outcome"] | undefined;
  settledBy: string | undefined;
  /** Somebody tried to answer it for good. */
  answered: boolean;
}

/** Work that was done from its beginning to its end. */
export interface CompletedWork {
  readonly result: string;
  /** Everything that it emitted. */
  readonly text: string;
}

/** Everything that the daemon said, and the rules that no two of its words may break. */
export class Ledger {
  readonly violations: string[] = [];
  readonly #scheduler: Scheduler;
  readonly #holders = new Map<string, Holder[]>();
  readonly #holderOfClaim = new Map<string, { name: string; token: string }>();
  /** Interactions that were handed to hosts. */
  readonly stories = new Map<string, Story>();
  /** Receipts by key and by recipient's inbox. */
  readonly receipts = new Map<string, { command: CommsCommand; receipt: SendReceipt }>();
  readonly sessions = new Map<string, { name: string; principal: string }>();
  /** Who asked for each interaction that a receipt named. */
  readonly askers = new Map<string, string>();
  /** Names whose session was, or may have been, closed. */
  readonly closed = new Set<string>();
  /** Acknowledged texts. */
  readonly emitted = new Set<string>();
  /** Queued answers that were acknowledged, by their key. */
  readonly answers = new Set<string>();
  /** What hosts that outlive everything have completed, by interaction. */
  readonly works = new Map<string, CompletedWork[]>();
  /** Attempts of each interaction that such hosts have begun. */
  readonly #begun = new Map<string, Set<number>>();
  readonly #givenBack = new Set<string>();
  /** What readers saw: by scope and sequence. */
  readonly seen = new Map<string, Map<number, string>>();

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  violated(what: string): void {
    this.#scheduler.note(`VIOLATED ${what}`);
    if (this.violations.length < 20)
      this.violations.push(`at ${Math.round(this.#scheduler.now)} ms: ${what}`);
  }

  /** The daemon answered a call that it was given at `since`. */
  served(id: string, request: unknown, response: unknown, since: number): void {
    switch (id) {
      case "sessions.open":
        this.#opened(request as SessionsOpenRequest, response as SessionsOpenResponse, since);
        break;
      case "sessions.drain":
        this.#drained(request as SessionsDrainRequest, response as SessionsDrainResponse, since);
        break;
      case "sessions.emit":
        this.#emitted(request as SessionsEmitRequest, since);
        break;
      case "sessions.settle":
        this.#settled(request as SessionsSettleRequest, response as SessionsSettleResponse, since);
        break;
      case "comms.send":
        this.#accepted(request as CommsCommand, response as SendReceipt);
        break;
    }
  }

  /** A call was delivered again while its first try was in flight: what the first did must not refuse the repeat. */
  repeated(
    id: string,
    sessions: readonly string[],
    first: PromiseSettledResult<unknown>,
    again: PromiseSettledResult<unknown>,
  ): void {
    if (first.status === "rejected" || again.status === "fulfilled") return;
    const { reason } = again as PromiseRejectedResult;
    if (!(reason instanceof ContractError) || excused.has(reason.code)) return;
    if (sessions.some((session) => this.closed.has(this.sessions.get(session)?.name ?? session))) return;
    this.violated(`${id} was accepted, and refused with ${reason.code} when it came again in flight`);
  }

  /** From now on the session may be closed, whatever its client hears. */
  closing(name: string): void {
    this.closed.add(name);
    this.unbound(name);
  }

  /** The session that holds the interaction was, or may have been, closed. */
  wasClosed(interactionId: string): boolean {
    return [...this.sessions].some(
      ([id, { name }]) => id.slice(-8) === interactionId.slice(-8) && this.closed.has(name),
    );
  }

  /** From now on the lease of the name's holder may end before its time. */
  unbound(name: string): void {
    for (const holder of this.#holders.get(name) ?? []) holder.aliveUntil = 0;
  }

  /** A host begins the work: once, because it lives on, and again as another attempt after it gave the work back. */
  began(interactionId: string, attempt: number): void {
    const attempts = this.#begun.get(interactionId) ?? new Set();
    this.#begun.set(interactionId, attempts);
    if (attempts.has(attempt)) this.violated(`${interactionId} was begun twice as attempt ${attempt}`);
    if (attempts.size > 0 && !this.#givenBack.delete(interactionId))
      this.violated(`${interactionId} was begun again as attempt ${attempt} although its host lived`);
    attempts.add(attempt);
  }

  /** A host has completed the work: from now on it must not be lost. */
  completed(interactionId: string, work: CompletedWork): void {
    this.works.set(interactionId, [...(this.works.get(interactionId) ?? []), work]);
  }

  answering(interactionId: string): void {
    const story = this.stories.get(interactionId);
    if (story !== undefined) story.answered = true;
  }

  /** A reader got an event: the same position says the same to everybody, for ever. */
  observed(
    scope: string,
    { sequence, event_id: id, at, interaction_id: interaction, event }: CommsStreamEvent,
  ): void {
    let seen = this.seen.get(scope);
    if (seen === undefined) {
      seen = new Map();
      this.seen.set(scope, seen);
    }
    const text = JSON.stringify({ id, at, interaction, event });
    const before = seen.get(sequence!);
    if (before === undefined) seen.set(sequence!, text);
    else if (before !== text)
      this.violated(`position ${sequence} of ${scope} changed from ${before} to ${text}`);
  }

  #opened(
    { name, lease_token: token, ttl_ms: ttlMs }: SessionsOpenRequest,
    response: SessionsOpenResponse,
    since: number,
  ): void {
    const { fence } = response.lease;
    const holders = this.#holders.get(name) ?? [];
    this.#holders.set(name, holders);
    this.sessions.set(response.session.session_id, { name, principal: response.session.principal });
    const same = holders.find((holder) => holder.token === token);
    if (same !== undefined) {
      if (same.fence !== fence && !this.closed.has(name))
        this.violated(`the fence of one holder of ${name} moved from ${same.fence} to ${fence}`);
      this.#renewed(same, since);
      return;
    }
    for (const before of holders) {
      if (before.fence >= fence && before.since <= since)
        this.violated(`${name} was given fence ${fence} after ${before.fence}`);
      // Who asked while the lease had lapsed may get the name, even if its holder renews it before that is stored.
      if (before.aliveUntil > this.#scheduler.now && before.lapsedUntil < since)
        this.violated(`${name} was given away while its holder lived`);
    }
    holders.push({
      token: token!,
      fence,
      since: this.#scheduler.now,
      ttlMs,
      aliveUntil: since + ttlMs,
      lapsedUntil: 0,
    });
  }

  #drained(
    { name, lease_token: token, claim_token: minted, claims = [] }: SessionsDrainRequest,
    response: SessionsDrainResponse,
    since: number,
  ): void {
    this.#acted(name, token, since, "drained");
    for (const { claimed } of this.stories.values())
      if (claimed !== undefined && claims.includes(claimed.claim)) claimed.until = since + claimMs;
    const { claim, interactions } = response;
    if (claim === undefined) return;
    // A host that minted the token may ask again for what it was given.
    const before = this.#holderOfClaim.get(claim.token);
    if (before !== undefined && (minted !== claim.token || before.token !== token))
      this.violated(`claim ${claim.token} was given twice`);
    this.#holderOfClaim.set(claim.token, { name, token });
    const fence = this.#holders.get(name)?.find((holder) => holder.token === token)?.fence ?? 0;
    for (const item of interactions) this.#given(item, { claim: claim.token, fence, until: since + claimMs });
  }

  #given(item: InboxInteraction, claimed: Claimed): void {
    const { interaction_id: interactionId } = item;
    const key = keyOf(item);
    const story = this.stories.get(interactionId);
    if (story === undefined) {
      this.stories.set(interactionId, {
        interactionId,
        key,
        claimed,
        settled: undefined,
        settledBy: undefined,
        answered: false,
      });
      const inbox = interactionId.slice(-8);
      for (const other of this.stories.values())
        if (key !== undefined && other.key === key && other.interactionId !== interactionId)
          if (other.interactionId.slice(-8) === inbox)
            this.violated(`key ${key} was executed as two interactions`);
      return;
    }
    const before = story.claimed?.claim === claimed.claim ? undefined : story.claimed;
    if (story.settled !== undefined && story.settled.kind !== "retry_after")
      this.violated(`${interactionId} was given out after it was settled`);
    if (before !== undefined && before.fence >= claimed.fence && before.until > this.#scheduler.now)
      this.violated(`${interactionId} was given to two claims of fence ${claimed.fence} at once`);
    story.claimed = claimed;
  }

  #emitted({ claim_token: claim, interaction_id: id, events }: SessionsEmitRequest, since: number): void {
    this.#claimActed(claim, since, "emitted");
    const story = this.stories.get(id);
    if (story?.claimed?.claim === claim) story.claimed.until = since + claimMs;
    for (const event of events) if (event.kind === "text_delta") this.emitted.add(event.delta);
  }

  #settled(request: SessionsSettleRequest, response: SessionsSettleResponse, since: number): void {
    const { claim_token: claim, interaction_id: id, outcome } = request;
    const story = this.stories.get(id);
    if (story === undefined) {
      this.violated(`${id} was settled but never given out`);
      return;
    }
    if (response.already_settled) return;
    this.#claimActed(claim, since, "settled");
    // The same word of the same claim may count as the first more than once; nobody else's may.
    if (story.settledBy !== undefined && story.settledBy !== claim && story.settled?.kind !== "retry_after")
      this.violated(`${id} was settled twice`);
    story.settled = outcome;
    story.settledBy = claim;
    if (outcome.kind === "retry_after") story.claimed = undefined;
  }

  /** It may be given back whatever its host hears of that. */
  givingBack(interactionId: string): void {
    this.#givenBack.add(interactionId);
    const story = this.stories.get(interactionId);
    if (story !== undefined) story.claimed = undefined;
  }

  #accepted(command: CommsCommand, receipt: SendReceipt): void {
    const key = command.options?.idempotency_key;
    if (key === undefined) return;
    if (command.kind === "peer_response") this.answers.add(key);
    const inbox = "interaction_id" in receipt ? receipt.interaction_id.slice(-8) : "";
    if ("interaction_id" in receipt)
      this.askers.set(receipt.interaction_id, key.slice(0, key.lastIndexOf("-")));
    const before = this.receipts.get(`${key}/${inbox}`);
    this.receipts.set(`${key}/${inbox}`, before ?? { command, receipt });
    if (before === undefined) return;
    const first = JSON.stringify({ ...storedReceipt(before.receipt), deduplicated: true });
    const again = JSON.stringify({ ...storedReceipt(receipt), deduplicated: true });
    const excused = inbox === "" && "to" in command && this.closed.has(command.to);
    if (first !== again && !excused) this.violated(`key ${key} got ${again} after ${first}`);
  }

  #renewed(holder: Holder, since: number): void {
    if (holder.aliveUntil === 0) return;
    if (holder.aliveUntil < since) holder.lapsedUntil = since;
    holder.aliveUntil = Math.max(holder.aliveUntil, since + holder.ttlMs);
  }

  #claimActed(claim: string, since: number, what: string): void {
    const holder = this.#holderOfClaim.get(claim);
    if (holder === undefined) {
      this.violated(`a claim that was never given ${what}`);
      return;
    }
    this.#acted(holder.name, holder.token, since, what);
  }

  #acted(name: string, token: string, since: number, what: string): void {
    const holders = this.#holders.get(name) ?? [];
    const own = holders.find((holder) => holder.token === token);
    if (own === undefined) return;
    for (const other of holders)
      if (other.fence > own.fence && other.since < since)
        this.violated(`fence ${own.fence} of ${name} ${what} after fence ${other.fence} was given out`);
    this.#renewed(own, since);
  }
}

/** The sender's key, which each command carries as its content. */
export function keyOf(item: InboxInteraction): string | undefined {
  if (item.kind === "peer_request") return (item.params as { key: string }).key;
  if (item.kind === "peer_response") return undefined;
  return item.body;
}

export function isTerminal({ kind }: AgentEvent): boolean {
  return kind === "interaction_complete" || kind === "interaction_failed";
}
