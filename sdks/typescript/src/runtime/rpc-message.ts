import { type ErrorCode, errorSpecs } from "../generated/errors.js";
import { clientError, errorFrom, isErrorPayload } from "./errors.js";
import { ParleyError } from "./parley-error.js";

/** A JSON-RPC 2.0 message as the daemon sends it. */
export interface RpcMessage {
  id?: string | number | null;
  method?: string;
  params?: unknown;
  result?: unknown;
  error?: { code?: number; message?: string; data?: unknown };
}

/** The error of an answer. */
export function rpcError(error: NonNullable<RpcMessage["error"]>): ParleyError {
  if (isErrorPayload(error.data)) return errorFrom(error.data);
  const code: ErrorCode = error.code === -32601 ? "unknown_method" : "internal";
  return clientError(code, error.message ?? errorSpecs[code].text);
}

/** The text of a request. */
export function rpcRequest(id: number, method: string, params: unknown): string {
  return JSON.stringify({ jsonrpc: "2.0", id, method, params });
}

/** Anything thrown as one of our errors. */
export function toParleyError(error: unknown): ParleyError {
  if (error instanceof ParleyError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return clientError("internal", message, error);
}
