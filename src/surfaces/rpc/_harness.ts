import { once } from "node:events";
import { createServer, request as httpRequest } from "node:http";
import { type AddressInfo, connect as connectTcp, type Socket } from "node:net";
import { type ClientOptions, WebSocket } from "ws";
import { localPrincipal } from "../../auth/authenticator.js";
import type { Authenticator } from "../../kernel/authentication.js";
import type { Clock } from "../../kernel/clock.js";
import { systemClock } from "../../kernel/clock.js";
import type { CallContext, Principal } from "../../kernel/context.js";
import { createDispatch } from "../../kernel/dispatch.js";
import type { HandlerTable, OpenStream, StreamClosed, StreamItem } from "../../kernel/handlers.js";
import { systemIds } from "../../kernel/ids.js";
import { silentLogger } from "../../kernel/logger.js";
import type { RawCall } from "../../kernel/raw.js";
import { createValidators } from "../../kernel/validate.js";
import type { RpcLimits } from "./limits.js";
import { createRpcSurface, type RpcSurface } from "./surface.js";

export const streamId = "0199f3a0-4c3e-7a10-8f11-6a1d2c3b4e5f";
export const interactionId = "0199f3a0-4c52-7c01-b200-1a2b0c4d5e6f";
const scope = { kind: "interaction", interaction_id: interactionId } as const;

/** Params that wait for an inbox. */
export const drainParams = { name: "planner", lease_token: "a".repeat(43), max: 1, wait_ms: 1000 };

/** Params that open a stream. */
export const openParams = { scope };

const validators = createValidators();

export const initializeHandler: HandlerTable["system.initialize"] = async (request, context) => ({
  server: { name: "parley", version: "0.3.0" },
  contract: "0.3.0",
  digest: "0123456789abcdef",
  principal: context.principal?.name ?? "",
  session: request.session ?? context.session,
  scopes: [],
  methods: [],
  limits: { frame_bytes: 1, in_flight: 1, streams: 1, batch: 1 },
});

/** A stream over a generator, as the comms plane opens it. */
export function openStream(
  events: AsyncGenerator<StreamItem, StreamClosed, void>,
  id = streamId,
): OpenStream<"comms.stream"> {
  const snapshot = { state: "attached", first_sequence: 1, last_sequence: 0 } as const;
  return { opened: { stream_id: id, scope, snapshot }, events };
}

/** The n-th event of a stream. */
export function item(sequence: number, padding = ""): StreamItem {
  const event = { kind: "extension", name: "test", data: { sequence, padding } };
  return { sequence, kind: "extension", json: JSON.stringify({ stream_id: streamId, sequence, event }) };
}

/** Resolves when the call's signal aborts. */
export function aborted(context: CallContext): Promise<void> {
  if (context.signal.aborted) return Promise.resolve();
  return new Promise((resolve) => context.signal.addEventListener("abort", () => resolve(), { once: true }));
}

/** A reply or a notification as a client sees it. */
export interface Frame {
  jsonrpc: string;
  id?: string | number | null;
  result?: Record<string, unknown>;
  error?: { code: number; message: string; data: ErrorData };
  method?: string;
  params?: Record<string, unknown>;
}

export interface ErrorData {
  code: string;
  message: string;
  details: { field: string; issue: string; expected: string; got: string }[];
  retryable: boolean;
  retry_after_ms?: number;
  request_id: string;
}

/** A WebSocket client that hands out what it receives in order. */
export class TestClient {
  readonly ws: WebSocket;
  readonly closed: Promise<{ code: number; reason: string }>;
  readonly #frames: unknown[] = [];
  readonly #waiting: { resolve: (frame: unknown) => void; reject: (cause: Error) => void }[] = [];
  #ids = 0;

  constructor(ws: WebSocket) {
    this.ws = ws;
    ws.on("message", (data) => {
      const frame: unknown = JSON.parse(String(data));
      const waiter = this.#waiting.shift();
      if (waiter === undefined) this.#frames.push(frame);
      else waiter.resolve(frame);
    });
    ws.on("error", () => undefined);
    this.closed = once(ws, "close").then(([code, reason]) => {
      for (const { reject } of this.#waiting) reject(new Error(`closed with ${code}`));
      return { code, reason: String(reason) };
    });
  }

  send(message: unknown): void {
    this.ws.send(typeof message === "string" ? message : JSON.stringify(message));
  }

  notify(method: string, params?: unknown): void {
    this.send({ jsonrpc: "2.0", method, params });
  }

  /** Sends a request and returns its id. */
  request(method: string, params?: unknown, id: string | number | null = ++this.#ids): typeof id {
    this.send({ jsonrpc: "2.0", id, method, params });
    return id;
  }

  /** The next frame of any kind. */
  next<T = Frame>(): Promise<T> {
    if (this.#frames.length > 0) return Promise.resolve(this.#frames.shift() as T);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve: resolve as (frame: unknown) => void, reject });
    });
  }

  /** Sends a request and takes the next frame as its answer. */
  async call(method: string, params?: unknown): Promise<Frame> {
    const id = this.request(method, params);
    const frame = await this.next();
    if (frame.id !== id) throw new Error(`expected the answer to ${id}, got ${JSON.stringify(frame)}`);
    return frame;
  }
}

export interface TestServer extends AsyncDisposable {
  readonly surface: RpcSurface;
  readonly url: string;
  /** Sockets of the server's side, newest last. */
  readonly sockets: Socket[];
  connect(options?: ClientOptions): Promise<TestClient>;
  post(body: string | Buffer): Promise<{ status: number; body: string }>;
  /** The status line and body of an upgrade that is refused. */
  refused(headers?: Record<string, string>): Promise<{ status: number; payload: ErrorData }>;
}

export interface TestServerOptions {
  handlers?: Partial<HandlerTable>;
  limits?: Partial<RpcLimits>;
  clock?: Clock;
  auth?: Authenticator;
  principal?: Principal;
  onClosed?: (connectionId: string) => void;
}

/** A real server on a free port with fake handlers behind the real dispatch. */
export async function startServer(options: TestServerOptions = {}): Promise<TestServer> {
  const clock = options.clock ?? systemClock;
  const ambient = { clock, ids: systemIds(systemClock), log: silentLogger };
  const principal = options.principal ?? localPrincipal;
  const handlers = { "system.initialize": initializeHandler, ...options.handlers } as HandlerTable;
  const surface = createRpcSurface({
    ambient,
    dispatch: createDispatch({ handlers, validators, sessionOwner: () => undefined }),
    auth: options.auth ?? { admit: () => undefined, authenticate: () => principal, unproven: () => null },
    openrpc: async () => '{"openrpc":"1.3.2"}',
    ...(options.onClosed === undefined ? {} : { onClosed: options.onClosed }),
    ...(options.limits === undefined ? {} : { limits: options.limits }),
  });
  const sockets: Socket[] = [];
  const server = createServer((request, response) => {
    const readBody = async (): Promise<Buffer> => Buffer.concat(await request.toArray());
    const raw: RawCall = {
      requestId: ambient.ids.uuid(),
      transport: "tcp",
      principal,
      path: "/rpc",
      readBody,
    };
    void surface.post(request, response, raw);
  });
  server.on("upgrade", surface.handleUpgrade);
  server.on("connection", (socket) => sockets.push(socket));
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  const url = `ws://127.0.0.1:${port}/rpc`;
  return {
    surface,
    url,
    sockets,
    async connect(clientOptions) {
      const client = new TestClient(new WebSocket(url, clientOptions));
      await once(client.ws, "open");
      return client;
    },
    post: (body) => postTo(port, body),
    async refused(headers = {}) {
      const ws = new WebSocket(url, { headers });
      ws.on("error", () => undefined);
      const [, response] = await once(ws, "unexpected-response");
      const payload = JSON.parse(Buffer.concat(await response.toArray()).toString());
      return { status: response.statusCode, payload };
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

async function postTo(port: number, body: string | Buffer): Promise<{ status: number; body: string }> {
  const headers = { "content-type": "application/json" };
  const request = httpRequest({ host: "127.0.0.1", port, path: "/rpc", method: "POST", headers });
  request.end(body);
  const [response] = await once(request, "response");
  return { status: response.statusCode, body: Buffer.concat(await response.toArray()).toString() };
}

/** A connection that speaks bytes, for what a proper client would never send. */
export async function connectRaw(url: string): Promise<Socket> {
  const socket = connectTcp(Number(new URL(url).port), "127.0.0.1");
  await once(socket, "connect");
  return socket;
}
