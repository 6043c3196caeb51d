import { connect, type Socket } from "node:net";

/** Longest time until an answer is there or a connection over, milliseconds; a guard, not a bar. */
export const answerGuardMs = 15_000;

/** One HTTP response as it stood on the wire. */
export interface Reply {
  status: number;
  /** Names in lower case; a repeated header keeps its last value. */
  headers: Readonly<Record<string, string>>;
  body: string;
}

/** What a connection brought until it was over or quiet. */
export interface Outcome {
  replies: Reply[];
  /** The server ended the connection. */
  closed: boolean;
  /** Nothing more came within the guard's time: the server hangs. */
  hung: boolean;
}

/** A connection that sends any bytes, for what no proper client would. */
export class RawClient implements Disposable {
  readonly socket: Socket;
  readonly #opened: Promise<void>;
  #bytes = Buffer.alloc(0);
  #closed = false;
  #wake: (() => void) | undefined;

  constructor(target: { port: number } | { path: string }) {
    this.socket = connect("port" in target ? { port: target.port, host: "127.0.0.1" } : target);
    this.socket.on("data", (chunk) => {
      this.#bytes = Buffer.concat([this.#bytes, chunk]);
      this.#wake?.();
    });
    // A reset is an end too; which of both comes depends on what was still under way.
    this.socket.on("error", () => undefined);
    this.#opened = new Promise((resolve) => {
      this.socket.once("connect", resolve).once("close", resolve);
    });
    this.socket.once("close", () => {
      this.#closed = true;
      this.#wake?.();
    });
    this.socket.once("end", () => {
      this.#closed = true;
      this.#wake?.();
    });
  }

  get opened(): Promise<void> {
    return this.#opened;
  }

  write(bytes: string | Uint8Array): void {
    if (!this.socket.destroyed)
      this.socket.write(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes);
  }

  /** Waits for so many whole replies, or the end of the connection, at most `guardMs`. */
  async replies(count: number, { guardMs = answerGuardMs, headOnly = false } = {}): Promise<Outcome> {
    const end = performance.now() + guardMs;
    for (;;) {
      const replies = parseReplies(this.#bytes, this.#closed, headOnly);
      if (replies.length >= count || this.#closed) return { replies, closed: this.#closed, hung: false };
      const left = end - performance.now();
      if (left <= 0) return { replies, closed: false, hung: true };
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** Everything received so far. */
  get received(): Buffer {
    return this.#bytes;
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }
}

/**
 * The whole responses at the head of some bytes; without a length a body lasts until the end of the connection, and
 * answers to HEAD have none whatever they say.
 */
export function parseReplies(bytes: Buffer, closed: boolean, headOnly: boolean): Reply[] {
  const replies: Reply[] = [];
  for (let at = 0; at < bytes.length; ) {
    const headEnd = bytes.indexOf("\r\n\r\n", at);
    if (headEnd === -1) break;
    const [statusLine = "", ...lines] = bytes.toString("latin1", at, headEnd).split("\r\n");
    const status = Number(/^HTTP\/1\.1 ([1-5][0-9]{2}) /.exec(statusLine)?.[1] ?? 0);
    const headers: Record<string, string> = {};
    for (const line of lines) {
      const colon = line.indexOf(":");
      headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
    }
    const start = headEnd + 4;
    const body = headOnly ? { text: "", end: start } : bodyOf(bytes, start, status, headers, closed);
    if (body === undefined) break;
    at = body.end;
    if (status !== 100) replies.push({ status, headers, body: body.text });
  }
  return replies;
}

function bodyOf(
  bytes: Buffer,
  start: number,
  status: number,
  headers: Readonly<Record<string, string>>,
  closed: boolean,
): { text: string; end: number } | undefined {
  if (status < 200 || status === 204 || status === 304) return { text: "", end: start };
  const length = headers["content-length"];
  if (length !== undefined) {
    const end = start + Number(length);
    return bytes.length < end ? undefined : { text: bytes.toString("utf8", start, end), end };
  }
  if (headers["transfer-encoding"] === "chunked") return chunks(bytes, start);
  return closed ? { text: bytes.toString("utf8", start), end: bytes.length } : undefined;
}

function chunks(bytes: Buffer, start: number): { text: string; end: number } | undefined {
  let text = "";
  for (let at = start; ; ) {
    const lineEnd = bytes.indexOf("\r\n", at);
    if (lineEnd === -1) return undefined;
    const size = Number.parseInt(bytes.toString("latin1", at, lineEnd), 16);
    const end = lineEnd + 2 + size;
    if (!(end + 2 <= bytes.length)) return undefined;
    text += bytes.toString("utf8", lineEnd + 2, end);
    at = end + 2;
    if (size === 0) return { text, end: at };
  }
}

/** A request as text: a head with `Host` unless one is given, and a body with its length unless a framing is given. */
export function http(
  method: string,
  path: string,
  headers: readonly (readonly [string, string])[] = [],
  body?: string | Uint8Array,
): Buffer {
  const has = (name: string): boolean => headers.some(([given]) => given.toLowerCase() === name);
  const lines = [`${method} ${path} HTTP/1.1`];
  if (!has("host")) lines.push("Host: 127.0.0.1");
  for (const [name, value] of headers) lines.push(`${name}: ${value}`);
  const bytes = typeof body === "string" ? Buffer.from(body) : body;
  if (bytes !== undefined && !has("content-length") && !has("transfer-encoding"))
    lines.push(`Content-Length: ${bytes.length}`);
  return Buffer.concat([Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1"), bytes ?? Buffer.alloc(0)]);
}
