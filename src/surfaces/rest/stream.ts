import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Call } from "../../kernel/context.js";
import { ContractError } from "../../kernel/contract-error.js";
import type { OpenStream, StreamClosed } from "../../kernel/handlers.js";
import { contractHeaders, eventStreamHeaders, heartbeatMs, retryMs } from "../http/reply.js";
import { pump } from "../pump.js";

/** Nothing more is pulled from the log while this much waits to be sent; there may be ten thousand readers. */
const maxBufferedBytes = 128 * 1024;
/** Frames that are ready together leave together, up to this size. */
const flushChars = 64 * 1024;

/** Whether the client asks for the events as one JSON document instead of server-sent events. */
export function wantsJson(accept: string | undefined): boolean {
  return accept?.includes("application/json") === true && !accept.includes("text/event-stream");
}

/** Sends an open stream as server-sent events until it ends or the client is gone. */
export async function streamEvents(open: OpenStream, response: ServerResponse, call: Call): Promise<void> {
  const out = new Outlet(response);
  response.writeHead(200, eventStreamHeaders(call.requestId));
  out.add(`retry: ${retryMs}\nevent: stream_opened\ndata: ${JSON.stringify(open.opened)}\n\n`);
  out.flush();
  let stopHeartbeat = call.clock.after(heartbeatMs, beat);
  function beat(): void {
    if (out.isIdle) {
      out.add(": hb\n\n");
      out.flush();
    }
    stopHeartbeat = call.clock.after(heartbeatMs, beat);
  }
  let revoked = false;
  const revoke = (): void => {
    revoked = true;
    call.cancel();
    if (out.isBehind) {
      // A reader this slow would not see the closing frame for as long as it likes.
      response.destroy();
    }
  };
  const ended = call.principal?.ended;
  if (ended?.aborted === true) {
    revoke();
  }
  ended?.addEventListener("abort", revoke, { once: true });
  try {
    const closed = await pumpInto(open, out, call, (item) => {
      const id = item.sequence === undefined ? "" : `id: ${item.sequence}\n`;
      return `${id}event: ${item.kind}\ndata: ${item.json}\n\n`;
    });
    const told = revoked ? { ...closed, reason: "revoked" } : closed;
    out.add(`event: stream_closed\ndata: ${JSON.stringify(told)}\n\n`);
  } finally {
    ended?.removeEventListener("abort", revoke);
    stopHeartbeat();
    await open.events.return(undefined as never).catch(() => {});
    out.end("");
  }
}

/** Sends a bounded read as one JSON document: what the opening says, and `events`. */
export async function streamJson(open: OpenStream, response: ServerResponse, call: Call): Promise<void> {
  const out = new Outlet(response);
  response.writeHead(200, [
    "content-type",
    "application/json",
    "cache-control",
    "no-store",
    ...contractHeaders(call.requestId),
  ]);
  out.add(`${JSON.stringify(open.opened).slice(0, -1)},"events":[`);
  let comma = "";
  try {
    const closed = await pumpInto(open, out, call, (item) => {
      const text = comma + item.json;
      comma = ",";
      return text;
    });
    if (closed.reason === "error") {
      // Half a list must not look like a whole one.
      response.destroy();
      return;
    }
    out.end("]}");
  } finally {
    await open.events.return(undefined as never).catch(() => {});
  }
}

/** Pulls and writes until the stream ends; a failure below becomes the closing's reason, because the headers are gone. */
async function pumpInto(
  open: OpenStream,
  out: Outlet,
  call: Call,
  frame: (item: { sequence: number | undefined; kind: string; json: string }) => string,
): Promise<StreamClosed> {
  try {
    return await pump(open.events, {
      room: () => out.room(),
      take: (item) => out.add(frame(item), item.ascii),
      flush: () => out.flush(),
    });
  } catch (thrown) {
    const error = ContractError.from(thrown);
    if (error.code === "internal") {
      call.log.error({ request_id: call.requestId, err: error.cause }, "A stream failed inside the daemon.");
    }
    return { stream_id: open.opened.stream_id, reason: "error", error_code: error.code };
  }
}

/** Writes text to a response in few pieces and says when to stop for a while. */
class Outlet {
  readonly #response: ServerResponse;
  /** Its connection, once the head is on its way there. */
  #socket: Socket | null = null;
  #pending = "";
  /** What is pending has one byte for each character. */
  #ascii = true;

  constructor(response: ServerResponse) {
    this.#response = response;
  }

  /** Nothing waits to be sent. */
  get isIdle(): boolean {
    return this.#pending === "" && this.#waiting === 0;
  }

  /** The client does not take what is sent. */
  get isBehind(): boolean {
    return this.#socket?.writableNeedDrain ?? this.#response.writableNeedDrain;
  }

  /** Takes text that leaves with the next `flush`. */
  add(text: string, ascii = false): void {
    this.#pending += text;
    this.#ascii &&= ascii;
  }

  /** A promise means: add no more before it resolves. */
  room(): Promise<unknown> | undefined {
    if (this.#pending.length < flushChars && this.#waiting <= maxBufferedBytes) return undefined;
    this.flush();
    return this.#waiting > maxBufferedBytes ? this.#drained() : nextTurn();
  }

  flush(): void {
    const text = this.#pending;
    const ascii = this.#ascii;
    this.#pending = "";
    this.#ascii = true;
    const response = this.#response;
    if (text === "" || response.destroyed || response.writableEnded) return;
    if (this.#socket === null) {
      response.write(text);
      // A response behind another on its connection has none yet.
      this.#socket = response.socket;
    } else if (response.chunkedEncoding) {
      // The chunk as `response.write` would make it, in one piece: that needs four, for each of a thousand readers.
      const bytes = ascii ? text.length : Buffer.byteLength(text);
      this.#socket.write(`${bytes.toString(16)}\r\n${text}\r\n`, ascii ? "latin1" : "utf8");
    } else this.#socket.write(text);
  }

  end(text: string): void {
    const rest = this.#pending + text;
    this.#pending = "";
    if (!this.#response.destroyed) {
      this.#response.end(rest);
    }
  }

  /** Bytes that the system has not taken yet. */
  get #waiting(): number {
    return this.#socket?.writableLength ?? this.#response.writableLength;
  }

  /** Resolves when the socket took what waits, or is gone. */
  #drained(): Promise<void> {
    const response = this.#response;
    if (response.destroyed) {
      return Promise.resolve();
    }
    const stream = this.#socket ?? response;
    return new Promise((resolve) => {
      const done = (): void => {
        stream.off("drain", done);
        response.off("close", done);
        resolve();
      };
      stream.on("drain", done);
      response.on("close", done);
    });
  }
}
