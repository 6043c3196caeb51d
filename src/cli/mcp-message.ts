import { randomUUID } from "node:crypto";
import { ParleyError } from "../../sdks/typescript/src/index.js";
import { type ErrorCode, errors } from "../generated/errors.js";

const protocolVersion = "io.modelcontextprotocol/protocolVersion";

/** A message as far as the bridge looks into it. */
export interface Message {
  id?: string | number;
  method?: string;
  params?: {
    uri?: unknown;
    name?: unknown;
    arguments?: { command?: unknown };
    requestId?: unknown;
    notifications?: {
      resourceSubscriptions?: unknown;
      toolsListChanged?: unknown;
      resourcesListChanged?: unknown;
    };
    _meta?: Record<string, unknown>;
  };
  result?: { isError?: unknown; structuredContent?: { code?: unknown } };
  error?: { data?: { code?: unknown } };
}

/** Text that is no message; the daemon reports what is wrong with it. */
export const unreadable: Message = {};

export function parse(text: string): Message {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Message) : unreadable;
  } catch {
    return unreadable;
  }
}

/** A message that may be sent a second time when the answer to the first was lost. */
export interface RepeatableMessage {
  line: string;
  repeatable: boolean;
  /** The key that makes it so. */
  key?: string;
}

/** Gives a `send` an idempotency key unless it has one: then it does nothing twice. Of other tools nothing is known. */
export function keyed(line: string, { method, params }: Message): RepeatableMessage {
  if (method !== "tools/call" || params?.name === "peers") return { line, repeatable: true };
  const command = params?.arguments?.command;
  if (params?.name !== "send" || !isObject(command)) return { line, repeatable: false };
  const { options = {} } = command;
  // A command that is malformed is refused, again and again.
  if (!isObject(options)) return { line, repeatable: true };
  if (typeof options.idempotency_key === "string")
    return { line, repeatable: true, key: options.idempotency_key };
  const key = randomUUID();
  const message = JSON.parse(line);
  message.params.arguments.command.options = { ...options, idempotency_key: key };
  return { line: JSON.stringify(message), repeatable: true, key };
}

/** The code of the daemon's error in an answer. */
export function errorCodeOf({ error, result }: Message): unknown {
  return error?.data?.code ?? (result?.isError === true ? result.structuredContent?.code : undefined);
}

/** The headers that repeat a message of the stateless revisions, for daemons that are reached over TCP. */
export function mirrored({ method, params }: Message): Record<string, string> {
  const version = params?._meta?.[protocolVersion];
  if (typeof version !== "string" || method === undefined) return {};
  const name = params?.name ?? params?.uri;
  return {
    "mcp-protocol-version": headerValue(version),
    "mcp-method": headerValue(method),
    ...(typeof name === "string" ? { "mcp-name": headerValue(name) } : {}),
  };
}

export function updated(params: object): string {
  return JSON.stringify({ jsonrpc: "2.0", method: "notifications/resources/updated", params });
}

/** The payload of an error that belongs to the contract. */
export function payloadOf(thrown: unknown, hint = ""): object {
  const { code } = thrown as { code?: unknown };
  const isOurs = thrown instanceof ParleyError && Object.hasOwn(errors, String(code));
  const message = `${(thrown as Error).message}${hint}`;
  return isOurs
    ? { details: [], ...thrown.toJSON(), message }
    : { code: "internal", message, details: [], retryable: false };
}

/** A failure as a JSON-RPC error, so that the agent's client learns of it and stays connected. */
export function errorAnswer(id: string | number | null, thrown: unknown, hint = ""): string {
  const message = `${(thrown as Error).message}${hint}`;
  const known = thrown instanceof ParleyError && Object.hasOwn(errors, thrown.code);
  const code = known ? errors[thrown.code as ErrorCode].rpc : errors.internal.rpc;
  const error = known ? { code, message, data: { ...thrown.toJSON(), message } } : { code, message };
  return JSON.stringify({ jsonrpc: "2.0", id, error });
}

/** What does not fit into a header as it is travels as base64 between markers. */
function headerValue(text: string): string {
  const fits = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(text) && !text.startsWith("=?base64?");
  return fits ? text : `=?base64?${Buffer.from(text).toString("base64")}?=`;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
