import type { Clock } from "../../kernel/clock.js";
import type { Call, Principal } from "../../kernel/context.js";
import { ContractError } from "../../kernel/contract-error.js";
import type { EventStream } from "./event-stream.js";
import { Updates } from "./updates.js";

/** Sessions that have something to remember at once, and resources that one of them may watch. */
const mostSessions = 1_024;
const mostWatched = 64;
/** Streams of one session. */
const mostStreams = 4;
/** How long one without a stream is remembered. */
const idleMs = 3_600_000;
/** Ended sessions that are remembered, so that their clients hear of it. */
const mostEnded = 4_096;
const retryAfterMs = 10_000;

/** Begins to watch a resource until the signal aborts. */
export type Watch = (updated: () => void, signal: AbortSignal) => Promise<void>;

/** What a client subscribed to in one session of the protocol, and the stream on which it hears of it. */
export class McpSession {
  readonly #watched = new Map<string, AbortController>();
  readonly #updates = new Updates();
  readonly #streams: EventStream[] = [];

  /** Watches the resource; a repeat changes nothing. Rejects as `begin` does. */
  async subscribe(uri: string, begin: Watch): Promise<void> {
    if (this.#watched.has(uri)) return;
    if (this.#watched.size >= mostWatched) throw tooMany(`at most ${mostWatched} subscriptions of a session`);
    const stop = new AbortController();
    this.#watched.set(uri, stop);
    try {
      await begin(() => this.#updates.changed(uri), stop.signal);
    } catch (error) {
      this.#watched.delete(uri);
      throw error;
    }
  }

  unsubscribe(uri: string): void {
    this.#watched.get(uri)?.abort();
    this.#watched.delete(uri);
    this.#updates.forget(uri);
  }

  /** Tells the client that the resource changed. */
  updated(uri: string): void {
    this.#updates.changed(uri);
  }

  get isHeard(): boolean {
    return this.#streams.length > 0;
  }

  /** Of several streams the newest is told: the client has given up those before, or lost them. */
  open(stream: EventStream): void {
    if (this.#streams.length >= mostStreams) this.#streams.shift()?.end();
    this.#streams.push(stream);
    this.#updates.stream = stream;
  }

  /** The stream is gone; without another one, what changes meanwhile is told on the next. */
  left(stream: EventStream): void {
    const at = this.#streams.indexOf(stream);
    if (at >= 0) this.#streams.splice(at, 1);
    this.#updates.stream = this.#streams.at(-1);
  }

  end(): void {
    for (const stop of this.#watched.values()) stop.abort();
    this.#watched.clear();
    this.#updates.stream = undefined;
    for (const stream of this.#streams) stream.cut();
  }
}

interface Known {
  readonly session: McpSession;
  readonly principal: Principal;
  readonly release: () => void;
  usedAt: number;
}

/**
 * The protocol's sessions. Most have nothing to remember and take no memory: an id says by itself which daemon gave it.
 * A session belongs to its principal; under another the same id is another session.
 */
export class McpSessions {
  readonly #clock: Clock;
  /** Begins the ids of this daemon's life. */
  readonly #mark: string;
  readonly #known = new Map<string, Known>();
  readonly #ended = new Set<string>();

  constructor(clock: Clock, mark: string) {
    this.#clock = clock;
    this.#mark = mark;
  }

  newId(unique: string): string {
    return `${this.#mark}.${unique}`;
  }

  /** Throws `session_not_found` when the session has ended: its client has to initialize again. */
  requireOpen(id: string, call: Call): void {
    if (this.#ended.size > 0 && this.#ended.has(keyOf(id, call))) {
      throw new ContractError("session_not_found", {
        message: "This MCP session has ended; initialize again.",
      });
    }
  }

  /** Whether an earlier daemon gave the id, so that its subscriptions are lost. */
  isInherited(id: string, call: Call): boolean {
    return !id.startsWith(`${this.#mark}.`) && !this.#known.has(keyOf(id, call));
  }

  /** The session's memory, made when it is first needed. Throws `quota_exceeded` when there are too many. */
  get(id: string, call: Call): McpSession {
    const key = keyOf(id, call);
    const now = this.#clock.monotonic();
    let known = this.#known.get(key);
    if (known === undefined) {
      if (this.#known.size >= mostSessions) this.#endIdle(now);
      if (this.#known.size >= mostSessions) throw tooMany(`at most ${mostSessions} MCP sessions`);
      known = this.#remember(key, call.principal!, now);
    }
    known.usedAt = now;
    return known.session;
  }

  /** Ends it for good: later requests that name it are refused. */
  end(id: string, call: Call): void {
    this.#end(keyOf(id, call));
  }

  /** Ends every stream: the daemon stops. */
  close(): void {
    for (const { session, release } of this.#known.values()) {
      release();
      session.end();
    }
    this.#known.clear();
  }

  #remember(key: string, principal: Principal, usedAt: number): Known {
    const end = (): void => this.#end(key);
    principal.ended.addEventListener("abort", end, { once: true });
    const release = (): void => principal.ended.removeEventListener("abort", end);
    const known = { session: new McpSession(), principal, release, usedAt };
    this.#known.set(key, known);
    return known;
  }

  #end(key: string): void {
    const known = this.#known.get(key);
    known?.release();
    known?.session.end();
    this.#known.delete(key);
    this.#ended.add(key);
    const [oldest] = this.#ended;
    if (this.#ended.size > mostEnded) this.#ended.delete(oldest!);
  }

  #endIdle(now: number): void {
    for (const [key, { session, usedAt }] of this.#known)
      if (!session.isHeard && now - usedAt > idleMs) this.#end(key);
  }
}

function keyOf(id: string, { principal }: Call): string {
  return `${principal?.kind}/${principal?.name}/${id}`;
}

function tooMany(expected: string): ContractError {
  const details = [{ field: "", issue: "out_of_range" as const, expected, got: "more" }];
  return new ContractError("quota_exceeded", { details, retryAfterMs });
}
