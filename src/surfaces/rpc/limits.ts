import { connectionLimits } from "../../kernel/limits.js";

/** What one connection and the whole surface may use. */
export interface RpcLimits {
  readonly frameBytes: number;
  readonly inFlight: number;
  readonly streams: number;
  readonly batch: number;
  /** Fragments of one message, and pieces of unread bytes: many tiny ones cost more than what they carry. */
  readonly fragments: number;
  readonly chunks: number;
  readonly connections: number;
  /** WebSockets of pages before their first frame has proven the page key: at once, and what each may cost. */
  readonly unproven: number;
  readonly unprovenMs: number;
  readonly unprovenBytes: number;
  /** Unsent bytes of a connection above which nothing more is pulled from streams or read from the client. */
  readonly bufferedBytes: number;
  readonly pingMs: number;
  /** Pings without any sign of life before the connection is cut. */
  readonly missedPings: number;
  /** Time that calls in flight get at shutdown, and then the closing handshake. */
  readonly drainMs: number;
  readonly closeMs: number;
}

/** The limits of the design; the first four are told to clients by `initialize`. */
export const rpcLimits: RpcLimits = {
  ...connectionLimits,
  fragments: 256,
  chunks: 4096,
  connections: 1024,
  unproven: 64,
  unprovenMs: 5_000,
  unprovenBytes: 4096,
  bufferedBytes: 1024 * 1024,
  pingMs: 15_000,
  missedPings: 2,
  drainMs: 5_000,
  closeMs: 1_000,
};
