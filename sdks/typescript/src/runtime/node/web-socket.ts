import { createHash, randomBytes } from "node:crypto";
import type { ClientRequest, IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Deadline } from "../deadline.js";
import { httpError } from "../http-errors.js";
import type { ParleyError } from "../parley-error.js";
import type { MessageSocket, SocketHandlers } from "../transport.js";
import { closeCode, type Frame, FrameReader, opcodes, ProtocolError } from "./frame-reader.js";
import { closePayload, writeFrame } from "./frame-writer.js";

const maxMessage = 64 * 1024 * 1024;
const closeTimeout = 2_000;
const guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/**
 * Opens a WebSocket by an upgrade of Node's HTTP client: unlike the built-in `WebSocket` it sends an Authorization
 * header, speaks over unix sockets, hands out the daemon's error when the upgrade is refused, and can stop reading.
 */
export function connectWebSocket(
  start: (headers: Record<string, string>) => ClientRequest,
  handlers: SocketHandlers,
  deadline: Deadline,
  lost: (error: Error) => ParleyError,
): Promise<MessageSocket> {
  const key = randomBytes(16).toString("base64");
  return new Promise((resolve, reject) => {
    const request = start({
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-key": key,
      "sec-websocket-version": "13",
    });
    const stop = deadline.onFailure((failure) => request.destroy(failure));
    request.on("error", (error) => {
      stop();
      reject(deadline.failure ?? lost(error));
    });
    request.on("response", (response) => {
      stop();
      refusal(response, request).then(reject, (error: Error) => reject(lost(error)));
    });
    request.on("upgrade", (response, socket, head) => {
      stop();
      const accept = createHash("sha1")
        .update(key + guid)
        .digest("base64");
      if (response.headers["sec-websocket-accept"] !== accept) {
        socket.destroy();
        reject(lost(new Error("the server did not accept the WebSocket upgrade")));
      } else resolve(new NodeWebSocket(socket as Socket, head, handlers));
    });
    request.end();
  });
}

async function refusal(response: IncomingMessage, request: ClientRequest): Promise<ParleyError> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const { statusCode = 0 } = response;
  return httpError(statusCode, Buffer.concat(chunks).toString("utf8"), `${request.host}${request.path}`);
}

class NodeWebSocket implements MessageSocket {
  readonly showsPings = true;
  readonly #socket: Socket;
  readonly #handlers: SocketHandlers;
  readonly #reader = new FrameReader(maxMessage);
  readonly #decoder = new TextDecoder("utf-8", { fatal: true });
  #parts: Buffer[] = [];
  #partsSize = 0;
  #code = 1006;
  #reason = "";
  #closing = false;
  #ended = false;

  constructor(socket: Socket, head: Buffer, handlers: SocketHandlers) {
    this.#socket = socket;
    this.#handlers = handlers;
    socket.setNoDelay(true);
    socket.setTimeout(0);
    if (head.length > 0) socket.unshift(head);
    socket.on("data", (chunk) => this.#read(chunk));
    socket.on("end", () => socket.destroy());
    socket.on("error", (error) => {
      if (this.#reason === "") this.#reason = error.message;
    });
    socket.on("close", () => this.#end());
  }

  send(text: string): void {
    if (!this.#closing) this.#socket.write(writeFrame(opcodes.text, Buffer.from(text, "utf8")));
  }

  close(code: number, reason: string): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#socket.write(writeFrame(opcodes.close, closePayload(code, reason)));
    this.#socket.resume();
    setTimeout(() => this.#socket.destroy(), closeTimeout).unref();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  hold(): void {
    this.#socket.ref();
  }

  release(): void {
    this.#socket.unref();
  }

  #read(chunk: Buffer): void {
    this.#handlers.activity();
    this.#reader.push(chunk);
    try {
      for (let frame = this.#reader.next(); frame !== undefined; frame = this.#reader.next())
        if (!this.#ended) this.#handle(frame);
    } catch (error) {
      this.#fail(error);
    }
  }

  #handle(frame: Frame): void {
    switch (frame.opcode) {
      case opcodes.ping:
        if (!this.#closing) this.#socket.write(writeFrame(opcodes.pong, frame.payload));
        return;
      case opcodes.pong:
        return;
      case opcodes.close:
        this.#peerCloses(frame.payload);
        return;
      case opcodes.binary:
        throw new ProtocolError(1003, "only text is understood");
      case opcodes.text:
        if (this.#parts.length > 0) throw new ProtocolError(1002, "a message began inside another");
        break;
      case opcodes.continuation:
        if (this.#parts.length === 0) throw new ProtocolError(1002, "a message has no beginning");
    }
    this.#partsSize += frame.payload.length;
    if (this.#partsSize > maxMessage) throw new ProtocolError(1009, `a message is over ${maxMessage} bytes`);
    this.#parts.push(frame.payload);
    if (!frame.final) return;
    const whole = this.#parts.length === 1 ? frame.payload : Buffer.concat(this.#parts);
    this.#parts = [];
    this.#partsSize = 0;
    if (!this.#closing) this.#handlers.message(this.#decode(whole));
  }

  #decode(bytes: Buffer): string {
    try {
      return this.#decoder.decode(bytes);
    } catch {
      throw new ProtocolError(1007, "a message is not well-formed UTF-8");
    }
  }

  #peerCloses(payload: Buffer): void {
    const code = closeCode(payload);
    const reason = payload.length === 0 ? "" : this.#decode(payload.subarray(2));
    if (!this.#closing) {
      this.#code = code;
      this.#reason = reason;
      this.#closing = true;
      this.#socket.write(writeFrame(opcodes.close, closePayload(code, "")));
    } else if (this.#code === 1006) this.#code = code;
    this.#socket.end();
  }

  #fail(error: unknown): void {
    if (!(error instanceof ProtocolError)) {
      this.#socket.destroy();
      throw error;
    }
    if (!this.#closing) {
      this.#closing = true;
      this.#socket.write(writeFrame(opcodes.close, closePayload(error.code, error.message)));
    }
    this.#code = error.code;
    this.#reason = error.message;
    this.#socket.end();
    this.#socket.destroySoon();
    this.#end();
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#handlers.closed(this.#code, this.#reason);
  }
}
