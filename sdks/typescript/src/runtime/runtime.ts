import {
  type OperationTypes,
  operations,
  type StreamOperationId,
  type UnaryOperationId,
} from "../generated/operations.js";
import { readers } from "../generated/readers.js";
import { CONTRACT_VERSION } from "../generated/version.js";
import { Call, type Outcome, type RawResponse } from "./call.js";
import type { Calls } from "./calls.js";
import { checkContract, contractHeaders } from "./contract.js";
import { Deadline } from "./deadline.js";
import type { Environment } from "./environment.js";
import { clientError, isErrorPayload } from "./errors.js";
import { EventStream, type StreamRequest } from "./event-stream.js";
import { httpError, parseJson } from "./http-errors.js";
import { type McpExchange, readMcp } from "./mcp-exchange.js";
import type { OperationEntry } from "./operation.js";
import type { CallOptions, StreamOptions } from "./options.js";
import { restRequest, valueAt, withValueAt } from "./rest-request.js";
import { retryDelay } from "./retry.js";
import { type RpcMessage, rpcError, rpcRequest, toParleyError } from "./rpc-message.js";
import { RpcPool } from "./rpc-pool.js";
import { openRpcSource, type RpcSource } from "./rpc-source.js";
import { openSseSource } from "./sse-source.js";
import type { StreamSource } from "./stream-source.js";
import type { HttpReply, HttpRequest, Transport, TransportSource } from "./transport.js";
import { readValue } from "./unknown-variant.js";

/** Defaults of a client. */
export interface Settings {
  session: string | undefined;
  timeout: number;
  retries: number;
  clientName: string;
  environment: Environment;
}

interface Request {
  readonly [field: string]: unknown;
}

interface Answer {
  value: unknown;
  response: RawResponse;
}

const closers: ReadonlySet<string> = new Set(
  Object.values(operations).flatMap((one) => one.stream?.close ?? []),
);
const defaultIdleTimeout = 45_000;
const defaultReconnectTimeout = 60_000;

/** Carries calls to the daemon: wires, keys, retries, time limits. It knows operations only by their table. */
export class Runtime implements Calls {
  readonly #source: TransportSource;
  readonly #settings: Settings;
  readonly #pool: RpcPool;
  readonly #streams = new Map<string, RpcSource>();
  readonly #forks = new Set<Runtime>();
  #closed = false;
  /** Headers of calls without any of their own. */
  readonly #usual: { body: Record<string, string>; none: Record<string, string> };

  constructor(source: TransportSource, settings: Settings) {
    this.#source = source;
    this.#settings = settings;
    this.#pool = new RpcPool(settings.clientName);
    this.#usual = { body: this.#headers({}, true), none: this.#headers({}, false) };
  }

  unary<Id extends UnaryOperationId>(
    id: Id,
    request: OperationTypes[Id]["request"],
    options: CallOptions = {},
  ): Call<OperationTypes[Id]["response"]> {
    const operation = operations[id];
    const outcome = this.#attempts(operation, request as Request, options, operation.wire === "rpc");
    return new Call(outcome as Promise<Outcome<OperationTypes[Id]["response"]>>);
  }

  /** Sends a request as it is, over JSON-RPC whatever the plane: nothing of it is laid out in paths or queries. */
  raw(id: UnaryOperationId, request: unknown, options: CallOptions = {}): Call<unknown> {
    const operation = operations[id];
    return new Call(this.#attempts(operation, request as Request, options, true));
  }

  stream<Id extends StreamOperationId>(
    id: Id,
    request: OperationTypes[Id]["request"],
    options: StreamOptions = {},
  ): EventStream<OperationTypes[Id]["event"], OperationTypes[Id]["response"]> {
    const operation: OperationEntry = operations[id];
    return new EventStream(request as object as StreamRequest, {
      facts: operation.stream!,
      open: (current, signal) => this.#openSource(operation, current, options, signal),
      readEvent: (value) => readValue(readers, operation.stream?.reader, value),
      readOpened: (value) => readValue(readers, operation.reader, value),
      environment: this.#settings.environment,
      retries: this.#settings.retries,
      reconnectTimeout: options.reconnectTimeout ?? defaultReconnectTimeout,
      signal: options.signal,
    });
  }

  /** Posts a message to `/mcp`; without one, opens the stream of the session that the headers name. */
  async mcp(message: string | undefined, options: StreamOptions = {}): Promise<McpExchange> {
    const deadline = new Deadline(this.#settings.timeout, options.signal);
    let transport: Transport | undefined;
    try {
      transport = await this.#transport(deadline);
      const accept = "application/json, text/event-stream";
      const headers = this.#headers(options, message !== undefined);
      const request = { path: "/mcp", headers: { ...headers, accept } };
      const sent: HttpRequest =
        message === undefined ? { ...request, method: "GET" } : { ...request, method: "POST", body: message };
      const flow = await transport.flow(sent, deadline);
      checkContract(flow.headers["parley-contract"]);
      return await readMcp(flow, options, transport.address, deadline);
    } catch (error) {
      this.#forgetLost(transport, error);
      throw deadline.failure ?? error;
    } finally {
      deadline.done();
    }
  }

  /** A runtime with connections of its own to the same daemon: what is bound to them ends with it. */
  fork(): Runtime {
    const source: TransportSource = {
      get: (deadline) => this.#source.get(deadline),
      forget: (transport) => this.#source.forget(transport),
      close: () => this.#forks.delete(fork),
    };
    const fork = new Runtime(source, this.#settings);
    this.#forks.add(fork);
    return fork;
  }

  /** Ends every connection and stream; later calls fail. */
  close(): void {
    this.#closed = true;
    for (const fork of this.#forks) fork.close();
    this.#pool.close();
    for (const source of this.#streams.values()) source.drop();
    this.#source.close();
  }

  async #attempts(
    operation: OperationEntry,
    request: Request,
    options: CallOptions,
    overRpc: boolean,
  ): Promise<Outcome<unknown>> {
    const { environment, retries, timeout } = this.#settings;
    const wait = operation.timeout === "wait" ? Number(request.wait_ms ?? 0) : 0;
    const deadline = new Deadline(options.timeout ?? timeout + wait, options.signal);
    const keyed = withKey(operation, request, options.idempotencyKey, environment);
    try {
      for (let attempt = 0; ; attempt++) {
        try {
          const { value, response } = await this.#once(operation, keyed, options, deadline, overRpc);
          return { value: readValue(readers, operation.reader, value), response };
        } catch (error) {
          const failure = deadline.failure ?? toParleyError(error);
          const most = options.retries ?? retries;
          const delay =
            deadline.failure === undefined
              ? retryDelay(operation, failure, attempt, most, environment.random)
              : null;
          if (delay === null || delay >= deadline.remaining) throw failure;
          await environment.delay(delay, options.signal);
          if (deadline.failure !== undefined) throw deadline.failure;
        }
      }
    } finally {
      deadline.done();
    }
  }

  async #once(
    operation: OperationEntry,
    request: Request,
    options: CallOptions,
    deadline: Deadline,
    overRpc: boolean,
  ): Promise<Answer> {
    if (deadline.failure !== undefined) throw deadline.failure;
    const transport = await this.#transport(deadline);
    try {
      const { rest, rpc } = operation;
      const overSocket = transport.prefersRpc === true || operation.wire === "rpc";
      const byRpc = rpc !== null && (transport.prefersRpc === true || overRpc);
      if (rest !== null && !byRpc) {
        const laidOut = { method: rest.method, ...restRequest(rest, request) };
        return httpAnswer(await this.#http(transport, laidOut, options, deadline), transport);
      }
      const method = rpc ?? "";
      const post = transport.local || options.headers !== undefined || !overSocket;
      if (post) {
        const body = { method: "POST", path: "/rpc", body: rpcRequest(1, method, request) };
        return rpcAnswer(await this.#http(transport, body, options, deadline), transport);
      }
      const own = closers.has(operation.id) ? this.#streams.get(String(request.stream_id)) : undefined;
      const session = options.session ?? this.#settings.session;
      const connection = own?.connection ?? (await this.#pool.get(transport, session, deadline));
      const { result, text } = await connection.call(method, request, deadline);
      return { value: result, response: { wire: "rpc", status: 200, headers: {}, body: text } };
    } catch (error) {
      this.#forgetLost(transport, error);
      throw error;
    }
  }

  async #http(
    transport: Transport,
    request: Omit<HttpRequest, "headers">,
    options: Pick<CallOptions, "headers" | "session">,
    deadline: Deadline,
  ): Promise<HttpReply> {
    const usual = options.headers === undefined && options.session === undefined;
    const withBody = request.body !== undefined;
    const headers = usual ? this.#usual[withBody ? "body" : "none"] : this.#headers(options, withBody);
    const reply = await transport.request({ ...request, headers }, deadline);
    const version = reply.headers["parley-contract"];
    if (version !== CONTRACT_VERSION) checkContract(version);
    return reply;
  }

  #headers(options: Pick<CallOptions, "headers" | "session">, body: boolean): Record<string, string> {
    const session = options.session ?? this.#settings.session;
    return {
      ...contractHeaders,
      accept: "application/json",
      ...(body ? { "content-type": "application/json" } : {}),
      ...(session === undefined ? {} : { "parley-session": session }),
      ...options.headers,
    };
  }

  async #openSource(
    operation: OperationEntry,
    request: StreamRequest,
    options: StreamOptions,
    signal: AbortSignal,
  ): Promise<StreamSource> {
    const deadline = new Deadline(this.#settings.timeout, signal);
    const idleTimeout = options.idleTimeout ?? defaultIdleTimeout;
    let transport: Transport | undefined;
    try {
      transport = await this.#transport(deadline);
      if (operation.rest !== null && (transport.local || options.headers !== undefined)) {
        const laidOut = restRequest(operation.rest, request as Request);
        const headers = this.#headers(options, false);
        const get = { method: operation.rest.method, ...laidOut, headers };
        return await openSseSource(transport, get, idleTimeout, deadline);
      }
      const session = options.session ?? this.#settings.session;
      const { clientName } = this.#settings;
      const hello = { session, clientName, idleTimeout };
      const source = await openRpcSource(transport, operation, request, hello, deadline);
      this.#own(source);
      return source;
    } catch (error) {
      this.#forgetLost(transport, error);
      throw error;
    } finally {
      deadline.done();
    }
  }

  #transport(deadline: Deadline): Promise<Transport> {
    if (this.#closed) throw clientError("request_cancelled", "The client is closed.");
    return this.#source.get(deadline);
  }

  /** Only the connection that opened a stream may close it. */
  #own(source: RpcSource): void {
    const { stream_id } = source.opened as { stream_id: string };
    this.#streams.set(stream_id, source);
    source.connection.onClosed = () => this.#streams.delete(stream_id);
  }

  /** A daemon that does not answer may have come back at another address. */
  #forgetLost(transport: Transport | undefined, error: unknown): void {
    if (transport !== undefined && toParleyError(error).code === "daemon_unreachable")
      this.#source.forget(transport);
  }
}

/** The request with an idempotency key where the operation takes one: minted once, before the first try. */
function withKey(
  operation: OperationEntry,
  request: Request,
  key: string | undefined,
  environment: Environment,
): Request {
  const { keyPath } = operation;
  if (keyPath === null || !canHold(request, keyPath)) return request;
  if (key === undefined && valueAt(request, keyPath) !== undefined) return request;
  return withValueAt(request, keyPath, key ?? environment.uuid());
}

/** What is malformed already goes as it is: the daemon names the mistake, and a key put into it would hide it. */
function canHold(value: unknown, [head, ...rest]: readonly string[]): boolean {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const inner = (value as Record<string, unknown>)[head!];
  return rest.length === 0 || inner === undefined || canHold(inner, rest);
}

function httpAnswer({ status, headers, text }: HttpReply, { address }: Transport): Answer {
  if (status < 200 || status > 299) throw httpError(status, text, address);
  const value = text === "" ? null : parseJson(text);
  if (value === undefined)
    throw clientError("internal", `${address} answered with something that is no JSON.`);
  return { value, response: { wire: "http", status, headers, body: text } };
}

function rpcAnswer(reply: HttpReply, { address }: Transport): Answer {
  const message = parseJson(reply.text) as RpcMessage | undefined;
  if (message?.error !== undefined) throw rpcError(message.error);
  if (reply.status !== 200 || message === undefined || isErrorPayload(message) || !("result" in message))
    throw httpError(reply.status, reply.text, address);
  const { status, headers, text } = reply;
  return { value: message.result, response: { wire: "http", status, headers, body: text } };
}
