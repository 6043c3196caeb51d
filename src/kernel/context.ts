import type { Scope } from "../generated/operations.js";
import type { Clock } from "./clock.js";
import type { Ids } from "./ids.js";
import type { Logger } from "./logger.js";
import { isReservedName, localName, type PrincipalId } from "./principal.js";

/** Who calls, as proven by credentials. */
export interface Principal extends PrincipalId {
  readonly kind: "local" | "token" | "browser";
  readonly scopes: ReadonlySet<Scope>;
  /** Sessions that it may act as besides its own; `*` is any. */
  readonly sessions: readonly string[];
  readonly tokenId?: string;
  /** Aborts when the credentials are revoked, run out or are signed out. */
  readonly ended: AbortSignal;
}

/** The surface that a call came in by. */
export type SurfaceName = "rest" | "rpc" | "mcp";

/** Everything that a handler knows about its call; time, ids and logging come from it. */
export interface CallContext {
  readonly requestId: string;
  readonly surface: SurfaceName;
  /** null only on operations without a scope. */
  readonly principal: Principal | null;
  /** Name of the acting session; `user-<principal>`, of the console `user-local`, unless the caller chose one. */
  readonly session: string;
  /** One per WebSocket; one per request elsewhere. Owns the streams that it opens. */
  readonly connectionId: string;
  /** Aborts when the caller cancels or is gone, and when the deadline passes. */
  readonly signal: AbortSignal;
  /** Whether the signal has aborted; asking does not bring a signal to life. */
  readonly cancelled: boolean;
  /** `clock.monotonic()` milliseconds; Infinity for streams. */
  readonly deadline: number;
  readonly traceparent?: string;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Logger;
}

/** What the whole process shares; bound once by the composition root. */
export interface Ambient {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Logger;
}

export interface CallOptions {
  requestId?: string;
  surface: SurfaceName;
  principal: Principal | null;
  /** The chosen acting session; default `user-<principal>`. */
  session?: string | undefined;
  connectionId?: string;
  traceparent?: string | undefined;
}

/** One call as a surface makes it. The abort signal comes to life only when somebody asks for it: most calls never do. */
export class Call implements CallContext {
  readonly requestId: string;
  readonly surface: SurfaceName;
  readonly principal: Principal | null;
  readonly session: string;
  readonly connectionId: string;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Logger;
  declare readonly traceparent?: string;
  /** Set by dispatch from the operation's timeout class. */
  deadline = Number.POSITIVE_INFINITY;
  #controller: AbortController | undefined;
  #cancelled = false;
  #reason: unknown;

  constructor(ambient: Ambient, options: CallOptions) {
    this.clock = ambient.clock;
    this.ids = ambient.ids;
    this.log = ambient.log;
    this.requestId = options.requestId ?? ambient.ids.uuid();
    this.surface = options.surface;
    this.principal = options.principal;
    this.session = options.session ?? defaultSession(options.principal);
    this.connectionId = options.connectionId ?? this.requestId;
    if (options.traceparent !== undefined) {
      this.traceparent = options.traceparent;
    }
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#cancelled) {
        this.#controller.abort(this.#reason);
      }
    }
    return this.#controller.signal;
  }

  get cancelled(): boolean {
    return this.#cancelled;
  }

  /** Ends the call from outside: the caller is gone, cancelled it, or its time is over. The first reason stays. */
  cancel(reason?: unknown): void {
    if (this.#cancelled) {
      return;
    }
    this.#cancelled = true;
    this.#reason = reason ?? new DOMException("The call was cancelled.", "AbortError");
    this.#controller?.abort(this.#reason);
  }
}

/**
 * The acting session when none is chosen. The user at the unix socket and at the console is one session. Tokens named
 * like the user or the console, which earlier versions made, get one that is neither's.
 */
export function defaultSession(principal: Principal | null): string {
  if (principal === null) return "";
  const { kind, name } = principal;
  if (kind === "browser") return `user-${localName}`;
  return kind === "token" && isReservedName(name) ? `user-token-${name}` : `user-${name}`;
}
