import { connect } from "node:net";
import type { HttpReply, HttpRequest } from "../transport.js";

/** What a request line and headers can carry without escaping; Node's client knows what to say of the rest. */
const plain = /^[\t\x20-\x7e]*$/;

/** Whether `exchange` can carry the request. */
export function isPlain({ method, path }: HttpRequest, headers: readonly string[]): boolean {
  return !path.includes(" ") && [method, path, ...headers].every((text) => plain.test(text));
}

/**
 * One request and its reply on a connection of their own: HTTP/1.1 as a daemon speaks it on a unix socket. A program that
 * makes a single call is done before Node's HTTP client, which does so much more, would be loaded.
 * Rejects with the socket's error, and when the reply ends before it is whole.
 */
export function exchange(
  socketPath: string,
  { method, path, body }: HttpRequest,
  headers: readonly string[],
  onStart: (cancel: (failure: Error) => void) => void,
): Promise<HttpReply> {
  return new Promise((resolve, reject) => {
    const socket = connect(socketPath);
    onStart((failure) => socket.destroy(failure));
    let head = `${method} ${path} HTTP/1.1\r\nconnection: close\r\n`;
    for (let at = 0; at < headers.length; at += 2) head += `${headers[at]}: ${headers[at + 1]}\r\n`;
    socket.write(`${head}\r\n${body ?? ""}`);
    const chunks: Buffer[] = [];
    const read = (ended: boolean): void => {
      try {
        const reply = readReply(Buffer.concat(chunks), ended);
        if (reply === undefined) return;
        resolve(reply);
      } catch (error) {
        reject(error as Error);
      }
      socket.destroy();
    };
    socket.on("data", (chunk) => {
      chunks.push(chunk);
      read(false);
    });
    socket.on("end", () => read(true));
    socket.on("error", reject);
  });
}

/** The reply that the bytes hold, undefined while more must come. Throws when there will be no more or it is no HTTP. */
function readReply(bytes: Buffer, ended: boolean): HttpReply | undefined {
  const end = bytes.indexOf("\r\n\r\n");
  const reply =
    end === -1 ? undefined : readWhole(bytes.toString("latin1", 0, end), bytes.subarray(end + 4), ended);
  if (reply === undefined && ended) throw new Error("the reply was cut short");
  return reply;
}

function readWhole(head: string, body: Buffer, ended: boolean): HttpReply | undefined {
  const [first = "", ...lines] = head.split("\r\n");
  const status = /^HTTP\/1\.1 (\d{3})/.exec(first)?.[1];
  if (status === undefined) throw new Error("the reply is not HTTP/1.1");
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(":");
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    headers[name] = headers[name] === undefined ? value : `${headers[name]}, ${value}`;
  }
  const length = Number(headers["content-length"] ?? Number.NaN);
  const whole =
    headers["transfer-encoding"] === "chunked"
      ? joinChunks(body)
      : Number.isNaN(length)
        ? ended
          ? body
          : undefined
        : body.length >= length
          ? body.subarray(0, length)
          : undefined;
  return whole === undefined ? undefined : { status: Number(status), headers, text: whole.toString("utf8") };
}

/** The content of a chunked body, undefined while its last chunk is missing. */
function joinChunks(body: Buffer): Buffer | undefined {
  const parts: Buffer[] = [];
  for (let at = 0; ; ) {
    const line = body.indexOf("\r\n", at);
    if (line === -1) return undefined;
    const size = Number.parseInt(body.toString("latin1", at, line), 16);
    if (Number.isNaN(size)) throw new Error("the reply's chunks are not well-formed");
    if (size === 0) return body.indexOf("\r\n\r\n", line) === -1 ? undefined : Buffer.concat(parts);
    if (body.length < line + 2 + size + 2) return undefined;
    parts.push(body.subarray(line + 2, line + 2 + size));
    at = line + 2 + size + 2;
  }
}
