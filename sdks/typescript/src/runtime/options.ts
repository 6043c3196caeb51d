import type { Environment } from "./environment.js";

/** Options of one call. */
export interface CallOptions {
  /** Milliseconds for the whole call, retries included; default 30,000, and the wait on top where a call waits. */
  timeout?: number;
  /** Cancels the call. */
  signal?: AbortSignal;
  /** Sent along; a call with headers always goes over HTTP. */
  headers?: Readonly<Record<string, string>>;
  /** For keyed operations; minted once per call when absent. */
  idempotencyKey?: string;
  /** Session that the call acts as. */
  session?: string;
  /** Tries after the first; default 3. */
  retries?: number;
}

/** Options of one stream. */
export interface StreamOptions {
  /** Ends the stream. */
  signal?: AbortSignal;
  headers?: Readonly<Record<string, string>>;
  /** Session that reads. */
  session?: string;
  /** Silence after which the connection counts as dead and the stream resumes; default 45,000 ms. */
  idleTimeout?: number;
  /** How long the stream tries to reconnect before it fails; default 60,000 ms. */
  reconnectTimeout?: number;
}

/** Options of a client. Without an address it uses the unix socket of this user's daemon, and nothing else. */
export interface ClientOptions {
  /** For example `http://127.0.0.1:7433`. Required where there are no unix sockets. Redirects are not followed. */
  baseUrl?: string;
  /** A daemon's unix socket; needs no token. Default: the one of this user's daemon. */
  socketPath?: string;
  /** Bearer token. It is sent to `baseUrl` only; without an address, over this user's socket. */
  token?: string;
  /** Session that calls act as; default is the principal's own. */
  session?: string;
  /** Default of every call, milliseconds. */
  timeout?: number;
  /** Default of every call. */
  retries?: number;
  /** Name of the calling program, shown in the daemon's log. */
  clientName?: string;
  /** @private False: calls over a unix socket get a connection each, which starts a program of one call sooner. */
  keepAlive?: boolean;
  /** @private Time and randomness, owned by tests. */
  environment?: Environment;
}
