import type { ClientRequest, Agent as HttpAgent, request as httpRequest, IncomingMessage } from "node:http";
import type { Deadline } from "../deadline.js";
import { clientError } from "../errors.js";
import type { ParleyError } from "../parley-error.js";
import type {
  HttpFlow,
  HttpReply,
  HttpRequest,
  MessageSocket,
  SocketHandlers,
  Transport,
} from "../transport.js";
import { type Address, connectHost, describeAddress } from "./address.js";
import { exchange, isPlain } from "./socket-exchange.js";

/** Node's own HTTP client with kept-alive connections, over TCP or a unix socket. */
export class NodeTransport implements Transport {
  readonly address: string;
  readonly local: boolean;
  readonly #target: { host: string; port: number } | { socketPath: string; servername: "" };
  readonly #headers: readonly string[];
  readonly #secure: boolean;
  #agent: HttpAgent | undefined;
  #request!: typeof httpRequest;
  readonly #keepAlive: boolean;
  readonly #explainAbsence: () => string;

  /** `explainAbsence`: what to report when no daemon listens at an address that was found, not given. */
  constructor(address: Address, token: string | undefined, keepAlive = true, explainAbsence?: () => string) {
    this.#keepAlive = keepAlive;
    this.#explainAbsence = explainAbsence ?? (() => noDaemonAt(address));
    this.address = describeAddress(address);
    this.local = "socketPath" in address;
    this.#secure = "url" in address && address.url.protocol === "https:";
    const authorization = token === undefined ? [] : ["authorization", `Bearer ${token}`];
    if ("socketPath" in address) {
      // Without a name Node's agent would look for one for TLS, which no socket file speaks.
      this.#target = { socketPath: address.socketPath, servername: "" };
      this.#headers = ["host", "localhost", ...authorization];
    } else {
      const { host, hostname, port } = address.url;
      this.#target = { host: connectHost(hostname), port: Number(port || (this.#secure ? 443 : 80)) };
      this.#headers = ["host", host, ...authorization];
    }
  }

  async request(request: HttpRequest, deadline: Deadline): Promise<HttpReply> {
    if (!this.#keepAlive && "socketPath" in this.#target) {
      const headers = this.#headersOf(request);
      if (isPlain(request, headers))
        return this.#exchange(this.#target.socketPath, request, headers, deadline);
    }
    if (this.#agent === undefined) await this.#prepare();
    return new Promise((resolve, reject) => {
      const sent = this.#send(request, deadline, reject, (message, stop) => {
        const chunks: Buffer[] = [];
        message.on("data", (chunk: Buffer) => chunks.push(chunk));
        message.on("end", () => {
          stop();
          const body = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
          const { statusCode = 0 } = message;
          resolve({ status: statusCode, headers: plainHeaders(message), text: body.toString("utf8") });
        });
        message.on("error", (error) => reject(deadline.failure ?? this.#lost(error)));
      });
      sent.end(request.body);
    });
  }

  async flow(request: HttpRequest, deadline: Deadline): Promise<HttpFlow> {
    if (this.#agent === undefined) await this.#prepare();
    return new Promise((resolve, reject) => {
      const sent = this.#send(request, deadline, reject, (message, stop) => {
        stop();
        resolve({
          status: message.statusCode ?? 0,
          headers: plainHeaders(message),
          body: message,
          text: () => readText(message),
          destroy: () => message.destroy(),
        });
      });
      sent.end(request.body);
    });
  }

  /** The WebSocket code is loaded here: programs that never need it do not pay for it. */
  async connect(path: string, handlers: SocketHandlers, deadline: Deadline): Promise<MessageSocket> {
    if (this.#agent === undefined) await this.#prepare();
    const { connectWebSocket } = await import("./web-socket.js");
    return connectWebSocket(
      (headers) =>
        this.#request({
          ...this.#target,
          path,
          agent: false,
          headers: this.#headerList(headers),
        }),
      handlers,
      deadline,
      (error) => this.#lost(error),
    );
  }

  close(): void {
    this.#agent?.destroy();
  }

  /**
   * Node's client is loaded by `require`: importing it evaluates every export, and one of those loads fetch with HTTP/2,
   * which takes longer than the whole start of Node.
   */
  async #prepare(): Promise<void> {
    const { createRequire } = await import("node:module");
    const name = this.#secure ? "node:https" : "node:http";
    const { Agent, request } = createRequire(import.meta.url)(name) as typeof import("node:http");
    this.#agent ??= new Agent({ keepAlive: true });
    this.#request = request;
  }

  async #exchange(
    socketPath: string,
    request: HttpRequest,
    headers: readonly string[],
    deadline: Deadline,
  ): Promise<HttpReply> {
    let stop = (): void => {};
    try {
      return await exchange(socketPath, request, headers, (cancel) => {
        stop = deadline.onFailure(cancel);
      });
    } catch (error) {
      throw deadline.failure ?? this.#lost(error as Error);
    } finally {
      stop();
    }
  }

  #send(
    request: HttpRequest,
    deadline: Deadline,
    reject: (error: ParleyError) => void,
    onReply: (message: IncomingMessage, stop: () => void) => void,
  ): ClientRequest {
    const sent = this.#request({
      ...this.#target,
      method: request.method,
      path: request.path,
      agent: this.#agent,
      headers: this.#headersOf(request),
    });
    const stop = deadline.onFailure((failure) => sent.destroy(failure));
    sent.on("response", (message) => onReply(message, stop));
    sent.on("error", (error) => {
      stop();
      reject(deadline.failure ?? this.#lost(error));
    });
    return sent;
  }

  #headersOf({ headers, body }: HttpRequest): string[] {
    const list = this.#headerList(headers);
    if (body !== undefined) list.push("content-length", String(Buffer.byteLength(body)));
    return list;
  }

  /** A flat list is what Node's client writes out with the least work. */
  #headerList(headers: Record<string, string>): string[] {
    const list = [...this.#headers];
    for (const name in headers) list.push(name, headers[name] ?? "");
    return list;
  }

  #lost(error: Error): ParleyError {
    const { code } = error as NodeJS.ErrnoException;
    const isAbsent = code === "ECONNREFUSED" || code === "ENOENT";
    const message = isAbsent
      ? this.#explainAbsence()
      : `The connection to ${this.address} failed: ${error.message}.`;
    return clientError("daemon_unreachable", message, error);
  }
}

function noDaemonAt(address: Address): string {
  const advice =
    "url" in address
      ? "Start it on that machine with `parley up --detach`, or correct the address."
      : "Correct the path; without one, the client finds your daemon by itself.";
  return `No daemon answers at ${describeAddress(address)}. ${advice}`;
}

function plainHeaders(message: IncomingMessage): Record<string, string> {
  return message.headers as Record<string, string>;
}

async function readText(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}
