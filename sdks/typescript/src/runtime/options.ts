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

/** Options of a client. Without an address the client finds the daemon by itself. */
export interface ClientOptions {
  /** For example `http://127.0.0.1:7433`. */
  baseUrl?: string;
  /** The daemon's unix socket; needs no token. */
  socketPath?: string;
  /** Bearer token. */
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
