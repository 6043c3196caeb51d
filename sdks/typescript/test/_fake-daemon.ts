import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { onTestFinished } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";
import { operations } from "../src/generated/operations.js";
import { CONTRACT_DIGEST, CONTRACT_VERSION } from "../src/generated/version.js";
import type { OperationEntry } from "../src/runtime/operation.js";
import type { FakeLog } from "./_fake-log.js";

/** One call as the fake saw it. */
export interface SeenCall {
  method: string;
  params: Record<string, unknown>;
  wire: "rest" | "post" | "ws";
  headers: IncomingMessage["headers"];
}

/** An error payload to answer with; `status` is its HTTP status. */
export class Fault {
  readonly payload: object;
  readonly status: number;

  constructor(code: string, more: object = {}, status = 500) {
    this.payload = { code, message: `fake ${code}`, details: [], retryable: false, request_id: "r", ...more };
    this.status = status;
  }
}

export type Answer = (params: Record<string, unknown>, call: SeenCall) => unknown;

const table: readonly OperationEntry[] = Object.values(operations);

/** A daemon's wires with scripted answers: REST, POST /rpc, WebSocket and event streams over one log. */
export class FakeDaemon {
  readonly calls: SeenCall[] = [];
  readonly answers = new Map<string, Answer>();
  readonly sockets = new Set<Socket>();
  readonly webSockets = new Set<WebSocket>();
  contract = CONTRACT_VERSION;
  log: FakeLog | undefined;
  #server: Server | undefined;
  #listen: { port: number } | { path: string };

  private constructor(listen: { port: number } | { path: string }) {
    this.#listen = listen;
  }

  static async start(socketPath?: string): Promise<FakeDaemon> {
    const daemon = new FakeDaemon(socketPath === undefined ? { port: 0 } : { path: socketPath });
    daemon.answers.set("initialize", () => ({ contract: daemon.contract, digest: CONTRACT_DIGEST }));
    await daemon.listen();
    onTestFinished(() => daemon.stop());
    return daemon;
  }

  get address(): string {
    return `http://127.0.0.1:${(this.#listen as { port: number }).port}`;
  }

  on(method: string, answer: Answer): void {
    this.answers.set(method, answer);
  }

  seen(method: string): SeenCall[] {
    return this.calls.filter((call) => call.method === method);
  }

  /** Listens, after a stop at the same place again. */
  async listen(): Promise<void> {
    const server = createServer((request, response) => void this.#serve(request, response));
    this.#server = server;
    server.on("connection", (socket) => {
      this.sockets.add(socket);
      socket.on("close", () => this.sockets.delete(socket));
    });
    const rpc = new WebSocketServer({ noServer: true });
    server.on("upgrade", (request, socket, head) => {
      rpc.handleUpgrade(request, socket, head, (webSocket) => this.#accept(webSocket, request));
    });
    await new Promise<void>((resolve) => {
      if ("path" in this.#listen) server.listen(this.#listen.path, resolve);
      else server.listen(this.#listen.port, "127.0.0.1", resolve);
    });
    if ("port" in this.#listen) this.#listen = { port: (server.address() as AddressInfo).port };
  }

  /** Stops as a crash does: every connection drops. */
  async stop(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    this.dropAll();
    await new Promise((resolve) => server.close(resolve));
  }

  dropAll(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  async #answer(call: SeenCall): Promise<{ result: unknown } | Fault> {
    this.calls.push(call);
    const answer = this.answers.get(call.method);
    if (answer === undefined) return new Fault("unknown_method", {}, 404);
    try {
      const result = await answer(call.params, call);
      return result instanceof Fault ? result : { result };
    } catch (error) {
      return new Fault("internal", { message: String(error) });
    }
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString("utf8");
    const url = new URL(request.url ?? "/", "http://fake");
    const { headers } = request;
    const reply = (status: number, body: unknown): void => {
      response.writeHead(status, {
        "content-type": "application/json",
        "parley-contract": this.contract,
        "parley-request-id": "r",
      });
      response.end(JSON.stringify(body));
    };
    if (url.pathname === "/rpc") {
      const { id, method, params } = JSON.parse(text);
      const answer = await this.#answer({ method, params, wire: "post", headers });
      return reply(200, { jsonrpc: "2.0", id, ...wireAnswer(answer) });
    }
    if (url.pathname === "/comms/stream" && this.log !== undefined) {
      const query = Object.fromEntries(url.searchParams);
      this.calls.push({ method: "comms/stream_open", params: query, wire: "rest", headers });
      return this.log.serveEvents(query, response);
    }
    const operation = table.find(
      ({ rest }) => rest?.method === request.method && patternOf(rest?.path ?? "").test(url.pathname),
    );
    if (operation?.rest == null) return reply(404, new Fault("route_not_found").payload);
    const params = {
      ...(text === "" ? {} : JSON.parse(text)),
      ...Object.fromEntries(url.searchParams),
      ...patternOf(operation.rest.path).exec(url.pathname)?.groups,
    };
    const answer = await this.#answer({
      method: operation.rpc ?? operation.id,
      params,
      wire: "rest",
      headers,
    });
    if (answer instanceof Fault) reply(answer.status, answer.payload);
    else reply(200, answer.result);
  }

  #accept(webSocket: WebSocket, request: IncomingMessage): void {
    this.webSockets.add(webSocket);
    webSocket.on("close", () => this.webSockets.delete(webSocket));
    webSocket.on("message", async (data) => {
      const { id, method, params } = JSON.parse(String(data));
      const call: SeenCall = { method, params, wire: "ws", headers: request.headers };
      if (method === "comms/stream_open" && this.log !== undefined) {
        this.calls.push(call);
        return this.log.serveSocket(id, params, webSocket);
      }
      const answer = await this.#answer(call);
      if (id !== undefined) webSocket.send(JSON.stringify({ jsonrpc: "2.0", id, ...wireAnswer(answer) }));
    });
  }
}

function wireAnswer(answer: { result: unknown } | Fault): object {
  if (!(answer instanceof Fault)) return answer;
  return { error: { code: -31000, message: "fake", data: answer.payload } };
}

function patternOf(path: string): RegExp {
  return new RegExp(`^${path.replace(/\{(\w+)\}/g, "(?<$1>[^/]+)")}$`);
}
