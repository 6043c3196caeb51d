import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Principal } from "./context.js";

/** Which listener a connection came in by. Whoever can open the unix socket (0600) is the user himself. */
export type Transport = "unix" | "tcp";

/** `require`: an Origin must be there, for routes that only browsers call. */
export type OriginRule = "check" | "require";

/** Decides who may talk at all and who is talking; one for all surfaces. Both calls are synchronous: they read memory. */
export interface Authenticator {
  /** Throws `origin_denied` when Host or Origin is not one that this daemon serves. Comes before everything else. */
  admit(headers: IncomingHttpHeaders, transport: Transport, rule?: OriginRule): void;
  /**
   * null without credentials; throws `unauthenticated` when there are some and they are not valid. A browser's cookie
   * counts only together with its page key.
   */
  authenticate(request: Caller, transport: Transport): Principal | null;
  /** The browser session that the cookie of a WebSocket's upgrade names; null without one. The page key follows in a frame. */
  unproven(request: Caller, transport: Transport): PageSession | null;
}

/** What credentials are read from. */
export type Caller = Pick<IncomingMessage, "headers" | "method">;

/** A browser session whose page key has not been shown yet. */
export interface PageSession {
  /** The principal when the key is the session's, else null. */
  prove(pageKey: string): Principal | null;
  /** The daemon's own proof, for a page that sends its key to no other program. */
  answer(nonce: string): string | null;
}

/** What a page may ask a proof for. */
export const noncePattern = /^[A-Za-z0-9_-]{16,128}$/;

/** Carries a page's second secret beside its cookie. */
export const pageKeyHeader = "parley-page-key";

const unixSockets = new WeakSet<Socket>();

/** The listener of the unix socket calls this for each connection, before any byte of it is read. */
export function markUnixSocket(socket: Socket): void {
  unixSockets.add(socket);
}

/** The transport of a request or an upgrade; anything not marked is TCP. */
export function transportOf(request: IncomingMessage): Transport {
  return unixSockets.has(request.socket) ? "unix" : "tcp";
}
