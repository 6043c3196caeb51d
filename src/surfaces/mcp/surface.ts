import type { ServerResponse } from "node:http";
import type { Ambient, Call } from "../../kernel/context.js";
import { ContractError } from "../../kernel/contract-error.js";
import { decodeJson } from "../../kernel/json.js";
import { connectionLimits } from "../../kernel/limits.js";
import type { RawCall, RawHandler } from "../../kernel/raw.js";
import { callOf, headerOf, partOf } from "../http/raw-call.js";
import { contractHeaders, writeJson } from "../http/reply.js";
import { invalidRpc, type RpcId, readId, resultFrame } from "../json-rpc.js";
import { EventStream } from "./event-stream.js";
import { Exchange } from "./exchange.js";
import { McpFault } from "./fault.js";
import type { McpFeature, McpMethod } from "./feature.js";
import { type McpHttp, sessionHeader, versionHeader } from "./headers.js";
import { checkMeta, isAnswer, isStateless, type McpMessage, readMcp, requestedVersion } from "./message.js";
import { batchRevision, sessionRevisions } from "./revisions.js";
import { createServerInfo } from "./server-info.js";
import { McpSessions } from "./sessions.js";

export interface McpSurfaceOptions {
  ambient: Ambient;
  /** Of the daemon's package. */
  version: string;
  /** What is offered, besides what belongs to the protocol itself. */
  features: readonly McpFeature[];
}

/** The MCP server at `/mcp`: streamable HTTP. */
export interface McpSurface {
  /** Serves every method of the route. */
  readonly serve: RawHandler;
  /** Ends every stream: the daemon stops. */
  close(): void;
}

/** What is said to one POSTed body in one piece; `body` is null when nothing is. */
interface McpAnswer {
  readonly status: number;
  readonly body: string | null;
}

/** One POST. */
interface Post {
  readonly call: Call;
  readonly http: McpHttp;
  /** Undefined inside a batch, whose one answer is for all. */
  readonly response: ServerResponse | undefined;
}

const accepted: McpAnswer = { status: 202, body: null };
const sessionIdPattern = /^[\x21-\x7e]{1,128}$/;

export function createMcpSurface({ ambient, version, features }: McpSurfaceOptions): McpSurface {
  const info = createServerInfo(version, Object.assign({}, ...features.map((one) => one.capabilities)));
  const sessions = new McpSessions(ambient.clock, ambient.ids.uuid());
  const sessionMethods: ReadonlyMap<string, McpMethod> = new Map([
    ["ping", () => ({ fields: "" })],
    ...features.flatMap(({ methods, sessionMethods: own }) => Object.entries({ ...methods, ...own })),
  ]);
  const statelessMethods: ReadonlyMap<string, McpMethod> = new Map([
    ["server/discover", () => info.discover],
    ...features.flatMap(({ methods, statelessMethods: own }) => Object.entries({ ...methods, ...own })),
  ]);
  /** Calls whose answers are streams under way. */
  const streaming = new Set<Call>();
  const onStream = (call: Call): void => void streaming.add(call);

  /** Answers one parsed message; undefined when its answer was a stream. */
  async function handleMessage(message: unknown, post: Post): Promise<McpAnswer | undefined> {
    const { call, http, response } = post;
    if (isAnswer(message) && features.some((one) => one.answered?.(message.id, message) === true)) {
      return accepted;
    }
    let id: RpcId = readId(message);
    let exchange: Exchange | undefined;
    let status: number;
    let frame: string;
    try {
      const read = readMcp(message);
      const stateless = isStateless(read, http);
      const session = stateless ? undefined : sessionOf(http, call);
      if (read.id === undefined) return accepted;
      id = read.id;
      if (read.method === "initialize" && !stateless) return initialize(read, id, post);
      const method = stateless ? statelessMethod(read, http) : sessionMethod(read, http);
      const { params } = read;
      exchange = new Exchange({ id, call, stateless, params, session, sessions, response, onStream });
      const result = await method(read.params, exchange);
      status = 200;
      frame = resultFrame(id, stateless ? info.stateless(result) : `{${result.fields}}`);
    } catch (thrown) {
      report(thrown, call);
      const fault = exchange === undefined ? McpFault.of(thrown) : McpFault.of(thrown, 200);
      ({ status } = fault);
      frame = fault.frame(id, call.requestId);
    }
    const stream = exchange?.opened;
    if (stream === undefined) return { status, body: frame };
    streaming.delete(call);
    stream.send(frame);
    stream.cut();
    return undefined;
  }

  function initialize({ params }: McpMessage, id: RpcId, { call, response }: Post): McpAnswer {
    const body = resultFrame(id, info.initialize(requestedVersion(params)));
    response?.setHeader(sessionHeader, sessions.newId(call.ids.uuid()));
    return { status: 200, body };
  }

  function sessionMethod({ method }: McpMessage, { headers }: McpHttp): McpMethod {
    const header = headers[versionHeader];
    if (header !== undefined && !sessionRevisions.includes(String(header))) {
      throw McpFault.unsupportedVersion(String(header));
    }
    const found = sessionMethods.get(method);
    if (found === undefined) throw unknownMethod(method, 200);
    return found;
  }

  function statelessMethod(message: McpMessage, http: McpHttp): McpMethod {
    checkMeta(message, http);
    const found = statelessMethods.get(message.method);
    if (found === undefined) throw unknownMethod(message.method, 404);
    return found;
  }

  /** The session that the headers name. Throws when it has ended. */
  function sessionOf({ headers }: McpHttp, call: Call): string | undefined {
    const id = headers[sessionHeader];
    if (id === undefined) return undefined;
    if (typeof id !== "string" || !sessionIdPattern.test(id)) throw badSessionId();
    sessions.requireOpen(id, call);
    return id;
  }

  async function handleBatch(messages: unknown[], { call, http }: Post): Promise<McpAnswer> {
    const header = http.headers[versionHeader];
    const most = connectionLimits.batch;
    if (
      (header !== undefined && header !== batchRevision) ||
      messages.length === 0 ||
      messages.length > most
    ) {
      const expected = `one message, or in revision ${batchRevision} a batch of 1 to ${most}`;
      throw invalidRpc("", expected, `${messages.length} messages`);
    }
    const parts = messages.map((message) => ({ message, call: partOf(call, ambient) }));
    const cancelAll = (): void => {
      for (const part of parts) part.call.cancel();
    };
    call.signal.addEventListener("abort", cancelAll, { once: true });
    const noHeaders: McpHttp = { headers: {}, mirrored: false };
    const answers = await Promise.all(
      parts.map((part) =>
        handleMessage(part.message, { call: part.call, http: noHeaders, response: undefined }),
      ),
    );
    const bodies = answers.flatMap((answer) => answer?.body ?? []);
    return bodies.length === 0 ? accepted : { status: 200, body: `[${bodies.join(",")}]` };
  }

  async function handleBody(body: Buffer, post: Post): Promise<McpAnswer | undefined> {
    try {
      const message = decodeJson(body);
      return await (Array.isArray(message) ? handleBatch(message, post) : handleMessage(message, post));
    } catch (thrown) {
      const fault = McpFault.of(thrown);
      return { status: fault.status, body: fault.frame(null, post.call.requestId) };
    }
  }

  /** The stream on which a session hears of what changes. */
  async function openStream(id: string, call: Call, response: ServerResponse): Promise<void> {
    sessions.requireOpen(id, call);
    const inherited = sessions.isInherited(id, call);
    const session = sessions.get(id, call);
    try {
      if (inherited) for (const feature of features) await feature.adopt?.(session, call);
    } catch (error) {
      sessions.end(id, call);
      throw error;
    }
    if (response.destroyed) return;
    const stream = new EventStream(response, call);
    response.once("close", () => session.left(stream));
    session.open(stream);
  }

  const serve: RawHandler = async (request, response, raw) => {
    const http: McpHttp = { headers: request.headers, mirrored: raw.transport === "tcp" };
    const id = headerOf(request, sessionHeader);
    // Without a session there is only POST, as in the revisions that have none.
    const methods = id === undefined ? ["POST"] : ["POST", "GET", "DELETE"];
    if (!methods.includes(request.method!)) {
      response.setHeader("allow", methods.join(", "));
      throw new ContractError("method_not_allowed");
    }
    const call = callOf(ambient, "mcp", request, response, raw);
    if (request.method !== "POST") {
      const session = requireSessionId(http, id!);
      if (request.method === "GET") return openStream(session, call, response);
      sessions.requireOpen(session, call);
      sessions.end(session, call);
      return writeEmpty(response, 204, raw);
    }
    const answer = await handleBody(await raw.readBody(), { call, http, response });
    if (answer === undefined) return;
    if (answer.body === null) writeEmpty(response, answer.status, raw);
    else writeJson(response, answer.status, raw.requestId, answer.body);
  };

  return {
    serve,
    close() {
      sessions.close();
      for (const call of streaming) call.cancel();
    },
  };
}

function requireSessionId({ headers }: McpHttp, id: string): string {
  const version = headers[versionHeader];
  if (version !== undefined && !sessionRevisions.includes(String(version))) {
    const details = [
      {
        field: versionHeader,
        issue: "invalid_value" as const,
        expected: `one of: ${sessionRevisions.join(", ")}`,
        got: String(version).slice(0, 64),
      },
    ];
    throw new ContractError("invalid_request", { details });
  }
  if (!sessionIdPattern.test(id)) throw badSessionId();
  return id;
}

function badSessionId(): ContractError {
  const expected = "the Mcp-Session-Id that initialize answered with";
  const details = [{ field: sessionHeader, issue: "pattern" as const, expected, got: "string" }];
  return new ContractError("invalid_request", { details });
}

function writeEmpty(response: ServerResponse, status: number, { requestId }: RawCall): void {
  response.writeHead(status, [...contractHeaders(requestId), "content-length", "0"]).end();
}

/** What the client is not told is told to the log. */
function report(thrown: unknown, call: Call): void {
  if (thrown instanceof McpFault) return;
  const error = ContractError.from(thrown);
  if (error.code !== "internal" && error.code !== "storage_unavailable") return;
  call.log.error(
    { request_id: call.requestId, err: error.cause },
    "An MCP request failed inside the daemon.",
  );
}

function unknownMethod(method: string, status: number): McpFault {
  const expected = "a method of MCP that this server has";
  const details = [{ field: "method", issue: "invalid_value" as const, expected, got: method.slice(0, 64) }];
  return McpFault.of(new ContractError("unknown_method", { details }), status);
}
