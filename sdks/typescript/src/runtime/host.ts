import type {
  InboxInteraction,
  QuestionAnswer,
  Session,
  SessionsDrainResponse,
  SessionsOpenRequest,
} from "../generated/types.js";
import type { Calls } from "./calls.js";
import type { Environment } from "./environment.js";
import { clientError } from "./errors.js";
import type { CallOptions } from "./options.js";
import { isOutage, longestPause, OutagePatience } from "./outage.js";
import { ParleyError } from "./parley-error.js";
import { backoff, passes } from "./retry.js";
import { type Interaction, Turn } from "./turn.js";

/** Does the work of one interaction; what it returns is the result. */
export type InteractionHandler = (interaction: Interaction, turn: Turn) => unknown;

export interface HostOptions {
  /** What the agent does, one line. */
  description?: string;
  labels?: Readonly<Record<string, string>>;
  /** What to do with what peers send, by kind; absent: what was said before. */
  inboundPolicy?: Readonly<NonNullable<SessionsOpenRequest["inbound_policy"]>>;
  /**
   * Close the session when this host leaves, also when it is killed: its inbox ends, and its name is free. Default false:
   * the session turns offline and keeps its inbox for the next host.
   */
  ephemeral?: boolean;
  /** How long the name stays held without a sign of life; default 60,000 ms. */
  ttl?: number;
  /** Proves the holder; minted when absent. A host that keeps it can take its name up again after a crash. */
  leaseToken?: string;
  /** Interactions at once; default 1: strictly in order. */
  concurrency?: number;
  /** Called with what a handler threw, and with the reason when a turn was lost. */
  onError?: (error: unknown, interaction: Interaction) => void;
  /** Called when the daemon stops answering. The work goes on, and what it emits is kept for the daemon's return. */
  onOutage?: (error: ParleyError) => void;
  /** Called when the daemon answers again. */
  onRecovery?: () => void;
}

const drainWait = 20_000;
/** The most that one drain can claim. */
const largestBatch = 64;
/** How long all turns are busy before the daemon is asked whether one is cancelled. */
const listenAfter = 500;
const releaseTimeout = 2_000;
/** The lease ended unnoticed, or the daemon does not know this host any more: opening the session again decides. */
const reopens: ReadonlySet<string> = new Set(["fence_stale", "session_not_found"]);

/** Calls over connections that belong to one host: its lease ends with them. */
export interface HostCalls extends Calls {
  close(): void;
}

/** Serves a session: claims what comes into its inbox and lets a handler answer it. */
export class Host {
  readonly name: string;
  readonly #calls: HostCalls;
  readonly #environment: Environment;
  readonly #options: HostOptions;
  readonly #patience: OutagePatience;
  readonly #stop = new AbortController();
  /** Aborts when the turns have ended after a stop: the name is not needed any more. */
  readonly #ended = new AbortController();
  readonly #turns = new Map<Turn, Promise<void>>();
  /** Set when the host ends at once. */
  #aborted: ParleyError | undefined;
  #leaseToken: string;
  /** Token of the next claim: a drain whose answer is lost is repeated with the same one. */
  #nextClaim: string;
  /** Envelopes of answers that the last drain returned: the next one acknowledges them. */
  #answersReceived: readonly string[] = [];
  #reopening: Promise<void> | undefined;
  /** Drains that failed since the last one that was answered. */
  #failedDrains = 0;
  /** Drains in flight. */
  #waiting = 0;
  #session: Session | undefined;
  #serving: Promise<void> | undefined;
  #failure: unknown;

  /** @private Internal code, does not follow semantic versioning. */
  constructor(calls: HostCalls, environment: Environment, name: string, options: HostOptions) {
    this.name = name;
    this.#calls = calls;
    this.#environment = environment;
    this.#options = options;
    this.#patience = new OutagePatience(environment, {
      onOutage: (error) => {
        options.onOutage?.(error);
        this.#reopen(error).catch((failure: unknown) => this.#lose(failure));
      },
      onRecovery: options.onRecovery,
    });
    this.#leaseToken = options.leaseToken ?? environment.uuid();
    this.#nextClaim = environment.uuid();
  }

  /** The hosted session, once it is open. */
  get session(): Session | undefined {
    return this.#session;
  }

  get leaseToken(): string {
    return this.#leaseToken;
  }

  /** Opens the session; `serve` does it by itself. */
  async open(): Promise<Session> {
    this.#session = await this.#lease();
    return this.#session;
  }

  /**
   * Serves until `stop()` or the signal, over outages of the daemon. Fails when the session cannot be opened at first, or
   * when another holder has taken its name.
   */
  serve(handler: InteractionHandler, { signal }: { signal?: AbortSignal } = {}): Promise<void> {
    if (this.#serving !== undefined || this.#stop.signal.aborted)
      throw new Error("A host serves once; make another one.");
    const stop = (): void => this.#stop.abort();
    if (signal?.aborted) stop();
    else signal?.addEventListener("abort", stop);
    this.#serving = this.#run(handler).finally(() => signal?.removeEventListener("abort", stop));
    return this.#serving;
  }

  /** Opens the session and keeps its name until `stop()`, without taking work. */
  async hold(): Promise<Session> {
    const session = await this.open().catch((error: unknown) => {
      this.#calls.close();
      throw error;
    });
    this.#stop.signal.addEventListener("abort", () => this.#ended.abort());
    this.#serving ??= this.#renew().then(() => this.#release());
    return session;
  }

  /** @private Resolves when the host neither serves nor holds its name any more. */
  async ended(): Promise<void> {
    await this.#serving?.catch(() => {});
  }

  /**
   * Takes no more work, waits until the turns in flight have ended and the daemon has their outcomes, and releases the name.
   */
  async stop(): Promise<void> {
    const unserved = this.#serving === undefined && !this.#stop.signal.aborted;
    this.#stop.abort();
    if (unserved) await this.#release();
    else await this.#serving?.catch(() => {});
  }

  /**
   * Ends at once: aborts the turns in flight and gives their interactions back. What the daemon does not take within 2 s is
   * offered again when its claim has run out.
   */
  async abort(): Promise<void> {
    const reason = clientError("request_cancelled", "The host ends.");
    this.#aborted ??= reason;
    this.#stop.abort();
    for (const turn of this.#turns.keys()) turn.interrupt(reason);
    void this.#environment.delay(releaseTimeout, this.#ended.signal).then(() => {
      for (const turn of this.#turns.keys()) turn.abandon(reason);
    });
    await this.stop();
  }

  async #run(handler: InteractionHandler): Promise<void> {
    if (this.#stop.signal.aborted) return;
    try {
      if (this.#session === undefined) await this.open();
    } catch (error) {
      this.#calls.close();
      throw error;
    }
    const renewing = this.#renew();
    try {
      while (!this.#stop.signal.aborted) {
        const free = (this.#options.concurrency ?? 1) - this.#turns.size;
        if (free <= 0) await this.#listen(this.#stop.signal);
        else await this.#take(handler, Math.min(free, largestBatch));
      }
    } catch (error) {
      this.#lose(error);
    }
    await this.#finishTurns();
    this.#stop.abort();
    this.#ended.abort();
    await renewing;
    if (this.#failure === undefined) return this.#release();
    this.#calls.close();
    throw this.#failure;
  }

  async #take(handler: InteractionHandler, free: number): Promise<void> {
    const { claim, interactions, answers = [] } = await this.#drain(free, this.#stop.signal);
    if (claim === undefined) return;
    for (const interaction of interactions) {
      const known = knownInteraction(interaction);
      const current = this.#turnOf(known.interaction_id);
      if (current !== undefined) {
        current.reclaim(claim);
        continue;
      }
      const turn = new Turn(known, claim, {
        calls: this.#calls,
        environment: this.#environment,
        patience: this.#patience,
        name: this.name,
      });
      give(turn, answers);
      const work = interaction.kind === "$unknown" ? rejectKind : handler;
      const done = this.#work(turn, work).finally(() => this.#turns.delete(turn));
      this.#turns.set(turn, done);
    }
  }

  /** The turn that works on the interaction already: after a long outage the daemon may offer it again. */
  #turnOf(interactionId: string): Turn | undefined {
    for (const turn of this.#turns.keys())
      if (turn.interaction.interaction_id === interactionId && turn.lost === undefined) return turn;
    return undefined;
  }

  /** While no more is taken: resolves when a turn has ended, or `until` aborts; turns get cancellations and answers meanwhile. */
  async #listen(until: AbortSignal): Promise<void> {
    const ended = new AbortController();
    const signal = AbortSignal.any([until, ended.signal]);
    const listening = this.#hear(signal);
    listening.catch((error: unknown) => this.#lose(error));
    await Promise.race([...this.#turns.values(), listening]);
    ended.abort();
    await listening;
  }

  async #hear(signal: AbortSignal): Promise<void> {
    // A turn that is over soon costs no call.
    await this.#environment.delay(listenAfter, signal);
    while (!signal.aborted) await this.#drain(0, signal);
  }

  /** After a stop: turns in flight may still wait for answers. */
  async #finishTurns(): Promise<void> {
    try {
      while (this.#turns.size > 0 && this.#failure === undefined && this.#aborted === undefined)
        await this.#listen(this.#ended.signal);
    } catch (error) {
      this.#lose(error);
    }
    await Promise.all(this.#turns.values());
  }

  #cancel(ids: readonly string[]): void {
    for (const turn of this.#turns.keys()) if (ids.includes(turn.interaction.interaction_id)) turn.cancel();
  }

  async #work(turn: Turn, handler: InteractionHandler): Promise<void> {
    const over = new AbortController();
    const beating = turn.keepAlive(over.signal);
    try {
      if (this.#stop.signal.aborted) await turn.retryAfter(0);
      else await this.#handle(turn, handler);
    } catch (error) {
      this.#options.onError?.(error, turn.interaction);
    } finally {
      over.abort();
      await beating;
    }
  }

  async #handle(turn: Turn, handler: InteractionHandler): Promise<void> {
    let value: unknown;
    try {
      value = await handler(turn.interaction, turn);
    } catch (error) {
      if (turn.settled || turn.lost !== undefined) throw error;
      if (this.#aborted !== undefined) return turn.retryAfter(0);
      if (turn.cancelled) return turn.fail(messageOf(error), { code: "cancelled" });
      await turn.fail(messageOf(error));
      throw error;
    }
    if (turn.lost !== undefined && !turn.settled) throw turn.lost.reason;
    await turn.finish(value);
  }

  /** Waits for work; when the daemon was away, the session is opened again first. */
  async #drain(max: number, signal: AbortSignal): Promise<SessionsDrainResponse> {
    const held = [...this.#turns.keys()].filter(({ lost }) => lost === undefined);
    const claims = [...new Set(held.map(({ claimToken }) => claimToken))];
    const request = {
      name: this.name,
      lease_token: this.#leaseToken,
      max,
      wait_ms: drainWait,
      ...(max > 0 ? { claim_token: this.#nextClaim } : {}),
      ...(claims.length > 0 ? { claims } : {}),
      answers_received: [...this.#answersReceived],
    };
    this.#waiting += 1;
    try {
      const drained = await this.#calls.unary("sessions.drain", request, { signal });
      this.#patience.answered();
      this.#failedDrains = 0;
      if (drained.claim?.token === this.#nextClaim) this.#nextClaim = this.#environment.uuid();
      const { cancel_requested = [], answers = [] } = drained;
      this.#cancel(cancel_requested);
      this.#answersReceived = answers.map(({ envelope_id }) => envelope_id);
      for (const turn of this.#turns.keys()) give(turn, answers);
      return drained;
    } catch (error) {
      if (signal.aborted) return { interactions: [] };
      if (!(error instanceof ParleyError)) throw error;
      if (!passes(error) && !reopens.has(error.code)) throw error;
      if (isOutage(error)) this.#patience.failed(error);
      await unlessAborted(this.#reopen(error), signal);
      return { interactions: [] };
    } finally {
      this.#waiting -= 1;
    }
  }

  /** Opens the session again, as often as it takes; every caller waits for the same attempt. */
  #reopen(cause: ParleyError): Promise<void> {
    this.#reopening ??= this.#tryToReopen(cause).finally(() => {
      this.#reopening = undefined;
    });
    return this.#reopening;
  }

  async #tryToReopen(cause: ParleyError): Promise<void> {
    const { signal } = this.#ended;
    if (passes(cause)) {
      const pause = Math.min(longestPause, backoff(this.#failedDrains++, this.#environment.random));
      await this.#environment.delay(Math.max(pause, cause.retryAfterMs ?? 0), signal);
    }
    for (let fresh = false; !signal.aborted; ) {
      try {
        this.#session = await this.#patience.insist(() => this.#lease(undefined, { retries: 0 }), signal);
        return;
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof ParleyError)) throw error;
        if (passes(error)) continue;
        if (error.code !== "fence_stale" || fresh) throw error;
        // Another holder had the name meanwhile and has left it: this host takes it as a new one.
        this.#leaseToken = this.#environment.uuid();
        fresh = true;
      }
    }
  }

  async #renew(): Promise<void> {
    const { ttl = 60_000 } = this.#options;
    const { signal } = this.#ended;
    while (!signal.aborted) {
      await this.#environment.delay(ttl / 3, signal);
      if (signal.aborted) return;
      // A drain that waits keeps the lease, and its end renews it.
      if (this.#waiting > 0) continue;
      try {
        this.#session = await this.#lease(undefined, { signal });
        this.#patience.answered();
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof ParleyError)) continue;
        if (isOutage(error)) this.#patience.failed(error);
        await this.#reopen(error).catch((failure: unknown) => this.#lose(failure));
      }
    }
  }

  async #lease(ttl = this.#options.ttl, options: CallOptions = {}): Promise<Session> {
    const { description, labels, inboundPolicy, ephemeral } = this.#options;
    const request = {
      name: this.name,
      lease_token: this.#leaseToken,
      ...(description === undefined ? {} : { description }),
      ...(labels === undefined ? {} : { labels: { ...labels } }),
      ...(inboundPolicy === undefined ? {} : { inbound_policy: { ...inboundPolicy } }),
      ...(ephemeral === undefined ? {} : { ephemeral }),
      ...(ttl === undefined ? {} : { ttl_ms: ttl }),
    };
    const { session } = await this.#calls.unary("sessions.open", request, options);
    return session;
  }

  /** The session turns offline and keeps its inbox for the next host; an ephemeral one is closed. */
  async #release(): Promise<void> {
    if (this.#session !== undefined)
      await this.#lease(0, { timeout: releaseTimeout, retries: 0 }).catch(() => {});
    this.#calls.close();
  }

  #lose(failure: unknown): void {
    this.#failure ??= failure;
    for (const turn of this.#turns.keys()) turn.abandon(failure);
    this.#stop.abort();
  }
}

/** Waits for the work or for the signal; the work goes on by itself, and its failure counts only before the signal. */
async function unlessAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return void work.catch(() => {});
  const over = new AbortController();
  const aborted = new Promise<void>((resolve) => {
    signal.addEventListener("abort", () => resolve(), { signal: over.signal });
  });
  try {
    await Promise.race([work, aborted]);
  } finally {
    over.abort();
  }
}

/** Gives the turn the answers to its questions. */
function give(turn: Turn, answers: readonly QuestionAnswer[]): void {
  for (const { interaction_id, request_id, body } of answers)
    if (interaction_id === turn.interaction.interaction_id) turn.answered(request_id, body);
}

function rejectKind(interaction: Interaction, turn: Turn): Promise<void> {
  return turn.fail(`This host does not know the kind ${interaction.kind}.`, { code: "rejected" });
}

/** An unknown kind still has what all kinds share. */
function knownInteraction(interaction: InboxInteraction): Interaction {
  return interaction.kind === "$unknown" ? (interaction.raw as unknown as Interaction) : interaction;
}

function messageOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message === "" ? "The handler failed." : message;
}

/** A name that is held until it is released. */
export interface HeldSession {
  readonly session: Session;
  /** Resolves when the name is no longer held: it was released, or another holder has it since an outage. */
  readonly ended: Promise<void>;
  release(): Promise<void>;
}

/** Holds a host's session without serving it. */
export async function holdSession(host: Host): Promise<HeldSession> {
  const session = await host.hold();
  return { session, ended: host.ended(), release: () => host.stop() };
}
