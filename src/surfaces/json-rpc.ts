import { errors } from "../generated/errors.js";
import { ContractError } from "../kernel/contract-error.js";
import { expectedType, jsonType } from "../kernel/json.js";

/** Id of a JSON-RPC call as its caller chose it. */
export type RpcId = string | number | null;

/** One well-formed JSON-RPC 2.0 request or notification. */
export interface RpcMessage {
  /** undefined marks a notification, which is never answered. */
  readonly id: RpcId | undefined;
  readonly method: string;
  /** An object or an array; absent params are an empty object. */
  readonly params: unknown;
}

/** Reads one parsed message. Throws `invalid_rpc` naming what is wrong with its envelope. */
export function readMessage(value: unknown): RpcMessage {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    const expected = typeof value === "string" ? expectedType("object", value) : "a JSON-RPC request object";
    throw invalidRpc("", expected, jsonType(value));
  }
  const { jsonrpc, id, method, params = {} } = value as Record<string, unknown>;
  if (jsonrpc !== "2.0") {
    throw invalidRpc("jsonrpc", '"2.0"', shown(jsonrpc));
  }
  if (typeof method !== "string") {
    throw invalidRpc("method", "string", jsonType(method));
  }
  if (!isId(id) && id !== undefined) {
    throw invalidRpc("id", "a string, a safe integer or null", shown(id));
  }
  if (typeof params !== "object" || params === null) {
    throw invalidRpc("params", expectedType("object", params), jsonType(params));
  }
  return { id, method, params };
}

/** The id to answer a message under that may be anything; null when it has none that could be repeated exactly. */
export function readId(value: unknown): RpcId {
  const id = typeof value === "object" && value !== null ? (value as { id?: unknown }).id : null;
  return isId(id) ? id : null;
}

/** An integer beyond 2^53 would come back changed, so it is no id. */
function isId(id: unknown): id is RpcId {
  return id === null || typeof id === "string" || (typeof id === "number" && isExact(id));
}

function isExact(id: number): boolean {
  return Number.isInteger(id) ? Number.isSafeInteger(id) : Number.isFinite(id);
}

/** The error for a message that is no JSON-RPC request. */
export function invalidRpc(field: string, expected: string, got: string): ContractError {
  const issue = got === "absent" ? "missing_field" : "invalid_value";
  return new ContractError("invalid_rpc", { details: [{ field, issue, expected, got }] });
}

/** The frame that answers a call with an already encoded result. */
export function resultFrame(id: RpcId, resultJson: string): string {
  return `{"jsonrpc":"2.0","id":${encodeId(id)},"result":${resultJson}}`;
}

/** The frame that answers a call with the contract's error. */
export function errorFrame(id: RpcId, error: ContractError, requestId: string): string {
  const payload = JSON.stringify(error.toPayload(requestId));
  return rawErrorFrame(id, errors[error.code].rpc, error.message, payload);
}

/** The frame of an error that only the wire's own standard knows. */
export function rawErrorFrame(id: RpcId, code: number, message: string, dataJson: string): string {
  return `{"jsonrpc":"2.0","id":${encodeId(id)},"error":{"code":${code},"message":${JSON.stringify(message)},"data":${dataJson}}}`;
}

function encodeId(id: RpcId): string {
  return typeof id === "number" ? String(id) : JSON.stringify(id);
}

function shown(value: unknown): string {
  return typeof value === "string" || typeof value === "number"
    ? String(value).slice(0, 64)
    : jsonType(value);
}
