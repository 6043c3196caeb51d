import type { IncomingMessage, ServerResponse } from "node:http";
import type { Transport } from "./authentication.js";
import type { Principal } from "./context.js";

/** What a byte route knows: Host, Origin, credentials and scope of its declaration are already checked. */
export interface RawCall {
  readonly requestId: string;
  readonly transport: Transport;
  readonly principal: Principal | null;
  /** Path without the query. */
  readonly path: string;
  /** Reads the whole body; rejects with `payload_too_large` above `maxBytes` (default 1 MiB). */
  readBody(maxBytes?: number): Promise<Buffer>;
}

/** Serves a byte route. It writes the response itself; a rejection before the headers becomes a typed error. */
export type RawHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  call: RawCall,
) => Promise<void> | void;
