import type {
  InboxInteraction,
  Session,
  SessionsDrainResponse,
  SessionsOpenRequest,
} from "../generated/types.js";
import type { Calls } from "./calls.js";
import type { Environment } from "./environment.js";
import type { CallOptions } from "./options.js";
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
  /** How long the name stays held without a sign of life; default 60,000 ms. */
  ttl?: number;
  /** Proves the holder; minted when absent. A host that keeps it can take its name up again after a crash. */
  leaseToken?: string;
  /** Interactions at once; default 1: strictly in order. */
  concurrency?: number;
  /** Hears of a handler that threw and of turns that were lost. */
  onError?: (error: unknown, interaction: Interaction) => void;
}

const drainWait = 20_000;
/** How long all turns are under way before the daemon is asked whether one is cancelled. */
const listenAfter = 500;
const releaseTimeout = 2_000;
/** The lease ended while nobody looked, or the daemon lost sight of this host: opening again settles it. */
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
  readonly #stop = new AbortController();
  readonly #turns = new Map<Turn, Promise<void>>();
  #leaseToken: string;
  #session: Session | undefined;
  #serving: Promise<void> | undefined;
  #failure: unknown;

  /** @private Internal code, does not follow semantic versioning. */
  constructor(calls: HostCalls, environment: Environment, name: string, options: HostOptions) {
    this.name = name;
    this.#calls = calls;
    this.#environment = environment;
    this.#options = options;
    this.#leaseToken = options.leaseToken ?? environment.uuid();
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
   * Serves until `stop()` or the signal, over restarts of the daemon. Fails when the session cannot be opened at first,
   * or when another holder has taken its name.
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
    const session = await this.open();
    this.#serving ??= this.#renew().then(() => this.#release());
    return session;
  }

  /** Takes no more work, waits for the turns under way, and lets go of the name. */
  async stop(): Promise<void> {
    const unserved = this.#serving === undefined && !this.#stop.signal.aborted;
    this.#stop.abort();
    if (unserved) await this.#release();
    else await this.#serving?.catch(() => {});
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
        if (free <= 0) await this.#listen();
        else await this.#take(handler, free);
      }
    } catch (error) {
      this.#lose(error);
    }
    await Promise.all(this.#turns.values());
    this.#stop.abort();
    await renewing;
    if (this.#failure === undefined) return this.#release();
    this.#calls.close();
    throw this.#failure;
  }

  async #take(handler: InteractionHandler, free: number): Promise<void> {
    const { claim, interactions, cancel_requested = [] } = await this.#drain(free, this.#stop.signal);
    this.#cancel(cancel_requested);
    if (claim === undefined) return;
    for (const interaction of interactions) {
      const known = knownInteraction(interaction);
      const turn = new Turn(known, claim, {
        calls: this.#calls,
        environment: this.#environment,
        name: this.name,
      });
      const work = interaction.kind === "$unknown" ? rejectKind : handler;
      const done = this.#work(turn, work).finally(() => this.#turns.delete(turn));
      this.#turns.set(turn, done);
    }
  }

  /** While there is no room for more: resolves when a turn has ended, and hears meanwhile of those that are cancelled. */
  async #listen(): Promise<void> {
    const ended = new AbortController();
    const signal = AbortSignal.any([this.#stop.signal, ended.signal]);
    const listening = this.#cancellations(signal);
    // It waits for a turn's end all the same, which then shows what went wrong.
    listening.catch(() => {});
    await Promise.race(this.#turns.values());
    ended.abort();
    await listening;
  }

  async #cancellations(signal: AbortSignal): Promise<void> {
    // A turn that is over soon costs no call.
    await this.#environment.delay(listenAfter, signal);
    while (!signal.aborted) this.#cancel((await this.#drain(0, signal)).cancel_requested ?? []);
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
      if (turn.cancelled) return turn.fail(messageOf(error), { code: "cancelled" });
      await turn.fail(messageOf(error));
      throw error;
    }
    if (turn.lost !== undefined && !turn.settled) throw turn.lost.reason;
    await turn.finish(value);
  }

  /** Waits for work; a daemon that is away is waited for, and the name taken up again. */
  async #drain(max: number, signal: AbortSignal): Promise<SessionsDrainResponse> {
    const request = { name: this.name, lease_token: this.#leaseToken, max, wait_ms: drainWait };
    try {
      return await this.#calls.unary("sessions.drain", request, { signal });
    } catch (error) {
      if (signal.aborted) return { interactions: [] };
      if (!(error instanceof ParleyError)) throw error;
      if (!passes(error) && !reopens.has(error.code)) throw error;
      await this.#reopen(error);
      return { interactions: [] };
    }
  }

  async #reopen(cause: ParleyError): Promise<void> {
    let freshToken = false;
    for (let attempt = 0; !this.#stop.signal.aborted; attempt++) {
      if (attempt > 0 || passes(cause)) {
        const wait = Math.min(2_000, backoff(attempt, this.#environment.random));
        await this.#environment.delay(wait, this.#stop.signal);
      }
      try {
        this.#session = await this.#lease();
        return;
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        if (!(error instanceof ParleyError)) throw error;
        if (error.code === "fence_stale" && !freshToken) {
          freshToken = true;
          this.#leaseToken = this.#environment.uuid();
        } else if (!passes(error)) throw error;
      }
    }
  }

  async #renew(): Promise<void> {
    const { ttl = 60_000 } = this.#options;
    while (!this.#stop.signal.aborted) {
      await this.#environment.delay(ttl / 3, this.#stop.signal);
      if (this.#stop.signal.aborted) return;
      try {
        this.#session = await this.#lease();
      } catch (error) {
        const taken = error instanceof ParleyError && error.code === "session_name_taken";
        if (taken) this.#lose(error);
      }
    }
  }

  async #lease(ttl = this.#options.ttl, options: CallOptions = {}): Promise<Session> {
    const { description, labels, inboundPolicy } = this.#options;
    const request = {
      name: this.name,
      lease_token: this.#leaseToken,
      ...(description === undefined ? {} : { description }),
      ...(labels === undefined ? {} : { labels: { ...labels } }),
      ...(inboundPolicy === undefined ? {} : { inbound_policy: { ...inboundPolicy } }),
      ...(ttl === undefined ? {} : { ttl_ms: ttl }),
    };
    const { session } = await this.#calls.unary("sessions.open", request, options);
    return session;
  }

  /** The session turns offline and keeps its inbox for the next host. */
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
  release(): Promise<void>;
}

/** Holds a host's session without serving it. */
export async function holdSession(host: Host): Promise<HeldSession> {
  const session = await host.hold();
  return { session, release: () => host.stop() };
}
