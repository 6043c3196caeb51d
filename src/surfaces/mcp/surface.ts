import { type McpTool, mcpTools } from "../../generated/mcp.js";
import type { Ambient, Call } from "../../kernel/context.js";
import { ContractError } from "../../kernel/contract-error.js";
import type { Dispatch } from "../../kernel/dispatch.js";
import { decodeJson, jsonType } from "../../kernel/json.js";
import { connectionLimits } from "../../kernel/limits.js";
import type { RawHandler } from "../../kernel/raw.js";
import { requireJson } from "../body.js";
import { invalidRpc, type RpcId, type RpcMessage, readId, readMessage, resultFrame } from "../json-rpc.js";
import { callOf, partOf } from "../raw-call.js";
import { contractHeaders, writeJson } from "../reply.js";
import { McpFault } from "./fault.js";
import { checkMirrored, type McpHttp, versionHeader } from "./headers.js";
import { batchRevision, metaKeys, sessionRevisions, statelessRevisions } from "./revisions.js";
import { createServerInfo } from "./server-info.js";
import { callTool, listedTool } from "./tools.js";

export interface McpSurfaceOptions {
  ambient: Ambient;
  dispatch: Dispatch;
  /** Of the daemon's package. */
  version: string;
  /** Default: the contract's tools. */
  tools?: readonly McpTool[];
}

/** What is said to one message; `body` is null when nothing is. */
export interface McpAnswer {
  readonly status: number;
  readonly body: string | null;
}

/** The MCP server at `/mcp`: streamable HTTP without sessions, each answer one JSON body. */
export interface McpSurface {
  /** Answers one parsed message. It may come from any transport; `http` is what came with it by HTTP. */
  handleMessage(message: unknown, call: Call, http?: McpHttp): Promise<McpAnswer>;
  /** Answers one POSTed body: a message, or a batch in the one revision that has them. */
  handleHttp(body: Buffer, call: Call, http: McpHttp): Promise<McpAnswer>;
  /** Serves every method of the route. */
  readonly serve: RawHandler;
}

const accepted: McpAnswer = { status: 202, body: null };
const noHttp: McpHttp = { headers: {}, mirrored: false };

export function createMcpSurface({
  ambient,
  dispatch,
  version,
  tools = mcpTools,
}: McpSurfaceOptions): McpSurface {
  const byName = new Map(tools.map((tool) => [tool.name, tool]));
  const info = createServerInfo(version, tools.map(listedTool));

  async function handleMessage(message: unknown, call: Call, http: McpHttp = noHttp): Promise<McpAnswer> {
    let id: RpcId = readId(message);
    try {
      const read = readMcp(message);
      if (read.id === undefined) return accepted;
      id = read.id;
      const body = isStateless(read, http)
        ? await answerStateless(read, call, http)
        : await answerInSession(read, call, http);
      return { status: 200, body: resultFrame(id, body) };
    } catch (thrown) {
      const fault = McpFault.of(thrown);
      return { status: fault.status, body: fault.frame(id, call.requestId) };
    }
  }

  async function answerInSession({ method, params }: RpcMessage, call: Call, http: McpHttp): Promise<string> {
    const header = http.headers[versionHeader];
    if (header !== undefined && !sessionRevisions.includes(String(header))) {
      throw McpFault.unsupportedVersion(String(header));
    }
    switch (method) {
      case "initialize":
        return info.initialize(requestedVersion(params));
      case "ping":
        return "{}";
      case "tools/list":
        return toolsList(params, false);
      case "tools/call":
        return `{${await callTool(byName, dispatch, params, call)}}`;
      default:
        throw unknownMethod(method, 200);
    }
  }

  async function answerStateless(message: RpcMessage, call: Call, http: McpHttp): Promise<string> {
    const { method, params } = message;
    checkMeta(message, http);
    switch (method) {
      case "server/discover":
        return info.discover;
      case "tools/list":
        return toolsList(params, true);
      case "tools/call":
        return `{${info.statelessFields}${await callTool(byName, dispatch, params, call)}}`;
      default:
        throw unknownMethod(method, 404);
    }
  }

  function toolsList(params: unknown, stateless: boolean): string {
    const { cursor } = params as { cursor?: unknown };
    if (cursor !== undefined) {
      const detail = {
        field: "cursor",
        issue: "invalid_value",
        expected: "absent",
        got: jsonType(cursor),
      } as const;
      throw McpFault.params(200, detail);
    }
    return info.toolsList(stateless);
  }

  async function handleBatch(messages: unknown[], call: Call, http: McpHttp): Promise<McpAnswer> {
    const header = http.headers[versionHeader];
    const most = connectionLimits.batch;
    if (
      (header !== undefined && header !== batchRevision) ||
      messages.length === 0 ||
      messages.length > most
    ) {
      const expected = `one message, or in revision ${batchRevision} a batch of 1 to ${most}`;
      const fault = McpFault.of(invalidRpc("", expected, `${messages.length} messages`));
      return { status: fault.status, body: fault.frame(null, call.requestId) };
    }
    const parts = messages.map((message) => ({ message, call: partOf(call, ambient) }));
    const cancelAll = (): void => {
      for (const part of parts) part.call.cancel();
    };
    call.signal.addEventListener("abort", cancelAll, { once: true });
    const answers = await Promise.all(parts.map((part) => handleMessage(part.message, part.call)));
    const bodies = answers.flatMap(({ body }) => body ?? []);
    return bodies.length === 0 ? accepted : { status: 200, body: `[${bodies.join(",")}]` };
  }

  async function handleHttp(body: Buffer, call: Call, http: McpHttp): Promise<McpAnswer> {
    try {
      const message = decodeJson(body);
      return await (Array.isArray(message)
        ? handleBatch(message, call, http)
        : handleMessage(message, call, http));
    } catch (thrown) {
      const fault = McpFault.of(thrown);
      return { status: fault.status, body: fault.frame(null, call.requestId) };
    }
  }

  const serve: RawHandler = async (request, response, raw) => {
    if (request.method !== "POST") {
      response.setHeader("allow", "POST");
      throw new ContractError("method_not_allowed");
    }
    requireJson(request);
    const call = callOf(ambient, "mcp", request, response, raw);
    const http: McpHttp = { headers: request.headers, mirrored: raw.transport === "tcp" };
    const { status, body } = await handleHttp(await raw.readBody(), call, http);
    if (body === null) {
      response.writeHead(status, [...contractHeaders(raw.requestId), "content-length", "0"]).end();
    } else writeJson(response, status, raw.requestId, body);
  };

  return { handleMessage, handleHttp, serve };
}

/** MCP narrows JSON-RPC: ids are never null, params always objects. */
function readMcp(value: unknown): RpcMessage {
  const message = readMessage(value);
  if (message.id === null) throw invalidRpc("id", "a string or an integer", "null");
  if (Array.isArray(message.params)) throw invalidRpc("params", "object", "array");
  return message;
}

function metaOf(params: unknown): Record<string, unknown> {
  const meta = (params as { _meta?: unknown })._meta;
  return typeof meta === "object" && meta !== null ? (meta as Record<string, unknown>) : {};
}

function isStateless({ method, params }: RpcMessage, { headers }: McpHttp): boolean {
  if (method === "initialize") return false;
  return (
    method === "server/discover" ||
    metaOf(params)[metaKeys.protocolVersion] !== undefined ||
    statelessRevisions.includes(String(headers[versionHeader]))
  );
}

/** Each request of the stateless revisions says for itself what it speaks and what its client can do. */
function checkMeta(message: RpcMessage, http: McpHttp): void {
  const meta = metaOf(message.params);
  const version = meta[metaKeys.protocolVersion];
  if (typeof version !== "string") throw missingMeta(metaKeys.protocolVersion, "string", version);
  if (!statelessRevisions.includes(version)) throw McpFault.unsupportedVersion(version);
  checkMirrored(http, version, message);
  const capabilities = meta[metaKeys.clientCapabilities];
  if (jsonType(capabilities) !== "object") {
    throw missingMeta(metaKeys.clientCapabilities, "object", capabilities);
  }
}

function missingMeta(key: string, expected: string, value: unknown): McpFault {
  const issue = value === undefined ? "missing_field" : "wrong_type";
  return McpFault.params(400, { field: `_meta.${key}`, issue, expected, got: jsonType(value) });
}

function requestedVersion(params: unknown): string {
  const { protocolVersion } = params as { protocolVersion?: unknown };
  if (typeof protocolVersion === "string") return protocolVersion;
  const issue = protocolVersion === undefined ? "missing_field" : "wrong_type";
  throw McpFault.params(200, {
    field: "protocolVersion",
    issue,
    expected: "string",
    got: jsonType(protocolVersion),
  });
}

function unknownMethod(method: string, status: number): McpFault {
  const expected = "a method of MCP that this server has";
  const details = [{ field: "method", issue: "invalid_value" as const, expected, got: method.slice(0, 64) }];
  return McpFault.of(new ContractError("unknown_method", { details }), status);
}
