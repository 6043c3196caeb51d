import type { Socket } from "node:net";
import type { RawData, WebSocket } from "ws";
import type { PageSession } from "../../kernel/authentication.js";
import type { Clock } from "../../kernel/clock.js";
import type { Principal } from "../../kernel/context.js";
import { parseJson } from "../../kernel/json.js";

/** Close code for missing or ended credentials. */
export const credentialsCode = 4401;

export interface FirstFrameLimits {
  /** Time and bytes that a WebSocket may cost before its first frame has proven the page key. */
  readonly unprovenMs: number;
  readonly unprovenBytes: number;
  /** How many may be in that state at once; the oldest gives way. */
  readonly unproven: number;
  readonly closeMs: number;
}

/** The other side of such a WebSocket. */
export interface Page {
  readonly session: PageSession;
  readonly nonce: string | undefined;
}

interface Waiting {
  end(code: number, reason: string): void;
}

/**
 * WebSockets of pages that have shown their cookie, which every server of this host receives, and not yet the page key.
 * Nothing that they send is dispatched. A page that put a nonce into the upgrade's query gets the daemon's proof first, on
 * this very connection. The page's first frame is `{"page_key": "..."}`; after it they are usual connections.
 */
export class FirstFrames {
  readonly #clock: Clock;
  readonly #limits: FirstFrameLimits;
  /** Oldest first. */
  readonly #waiting = new Set<Waiting>();

  constructor(clock: Clock, limits: FirstFrameLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** Calls `proven` within the event of the first frame, so that what follows it is not missed. */
  await(ws: WebSocket, socket: Socket, page: Page, proven: (principal: Principal) => void): void {
    const { session, nonce } = page;
    const { unproven, unprovenBytes, unprovenMs, closeMs } = this.#limits;
    const [oldest] = this.#waiting;
    if (this.#waiting.size >= unproven) oldest?.end(credentialsCode, "unauthenticated");
    let bytes = 0;
    let isProven = false;
    const cut = (): void => ws.terminate();
    // A listener that was removed is still called for the chunk in which the first frame came.
    const count = (chunk: Buffer): void => {
      bytes += chunk.length;
      if (!isProven && bytes > unprovenBytes) cut();
    };
    const receive = (data: RawData, isBinary: boolean): void => {
      const frame = data as Buffer;
      const key = isBinary || frame.length > unprovenBytes ? undefined : pageKeyOf(frame);
      const principal = key === undefined ? null : session.prove(key);
      if (principal === null) {
        end(credentialsCode, "unauthenticated");
        return;
      }
      isProven = true;
      leave();
      socket.off("data", count);
      ws.off("error", cut);
      proven(principal);
    };
    const end = (code: number, reason: string): void => {
      leave();
      ws.close(code, reason);
      ws.once("close", this.#clock.after(closeMs, cut));
    };
    const waiting = { end };
    const stopTimer = this.#clock.after(unprovenMs, () => {
      end(credentialsCode, "unauthenticated");
      // Its time is over: the closing handshake is not waited for.
      cut();
    });
    const leave = (): void => {
      this.#waiting.delete(waiting);
      stopTimer();
      ws.off("message", receive);
      ws.off("close", leave);
    };
    this.#waiting.add(waiting);
    ws.on("message", receive);
    ws.on("error", cut);
    ws.on("close", leave);
    if (nonce !== undefined) ws.send(JSON.stringify({ proof: session.answer(nonce) }));
    // After the WebSocket's own listener, so that the frame that proves is received before its bytes are counted.
    socket.on("data", count);
  }

  /** Ends all that wait: the daemon stops. */
  close(): void {
    for (const waiting of [...this.#waiting]) waiting.end(1001, "shutting_down");
  }
}

function pageKeyOf(frame: Buffer): string | undefined {
  try {
    const { page_key: key } = parseJson(frame) as { page_key?: unknown };
    return typeof key === "string" ? key : undefined;
  } catch {
    return undefined;
  }
}
