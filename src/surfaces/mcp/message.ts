import { jsonType } from "../../kernel/json.js";
import { typeDetail } from "../../kernel/validation-details.js";
import { invalidRpc, type RpcMessage, readMessage } from "../json-rpc.js";
import { McpFault } from "./fault.js";
import type { McpParams } from "./feature.js";
import { checkMirrored, type McpHttp, versionHeader } from "./headers.js";
import { metaKeys, statelessRevisions } from "./revisions.js";

/** A request or notification of the protocol. */
export interface McpMessage extends RpcMessage {
  readonly params: McpParams;
}

/** MCP narrows JSON-RPC: ids are never null, params always objects. */
export function readMcp(value: unknown): McpMessage {
  const message = readMessage(value);
  if (message.id === null) throw invalidRpc("id", "a string or an integer", "null");
  if (Array.isArray(message.params)) throw invalidRpc("params", "object", "array");
  return message as McpMessage;
}

/** Whether it is a client's answer to a request of ours. */
export function isAnswer(value: unknown): value is { id: string | number } {
  if (typeof value !== "object" || value === null || "method" in value) return false;
  return "id" in value && ("result" in value || "error" in value);
}

export function metaOf({ _meta: meta }: McpParams): McpParams {
  return typeof meta === "object" && meta !== null ? (meta as McpParams) : {};
}

/** Whether the message is of a stateless revision. */
export function isStateless({ method, params }: McpMessage, { headers }: McpHttp): boolean {
  return (
    method === "server/discover" ||
    metaOf(params)[metaKeys.protocolVersion] !== undefined ||
    statelessRevisions.includes(String(headers[versionHeader]))
  );
}

/** Each request of the stateless revisions says for itself what it speaks and what its client can do. */
export function checkMeta(message: McpMessage, http: McpHttp): void {
  const meta = metaOf(message.params);
  const version = meta[metaKeys.protocolVersion];
  if (typeof version !== "string") throw missingMeta(metaKeys.protocolVersion, "string", version);
  checkMirrored(http, version, message);
  if (!statelessRevisions.includes(version)) throw McpFault.unsupportedVersion(version);
  const capabilities = meta[metaKeys.clientCapabilities];
  if (jsonType(capabilities) !== "object") {
    throw missingMeta(metaKeys.clientCapabilities, "object", capabilities);
  }
}

function missingMeta(key: string, expected: string, value: unknown): McpFault {
  return McpFault.params(400, typeDetail(`_meta.${key}`, expected, value));
}

/** The revision that an `initialize` asks for. */
export function requestedVersion({ protocolVersion }: McpParams): string {
  if (typeof protocolVersion === "string") return protocolVersion;
  throw McpFault.params(200, typeDetail("protocolVersion", "string", protocolVersion));
}

/** Lists are short here: they have one page, and so no cursor leads to another. */
export function refuseCursor({ cursor }: McpParams): void {
  if (cursor === undefined) return;
  throw McpFault.params(200, {
    field: "cursor",
    issue: "invalid_value",
    expected: "absent",
    got: jsonType(cursor),
  });
}
