import type { IncomingMessage, ServerResponse } from "node:http";
import { errors } from "../../generated/errors.js";
import { CONTRACT_DIGEST, CONTRACT_VERSION } from "../../generated/version.js";
import type { ContractError } from "../../kernel/contract-error.js";
import { hasBody } from "./body.js";

/** Writes a result. Answers are about a moment and a caller: nobody may cache them. */
export function writeJson(response: ServerResponse, status: number, requestId: string, json: string): void {
  if (response.headersSent || response.destroyed) {
    return;
  }
  response.writeHead(status, jsonHeaders(requestId, json));
  response.end(json);
}

/** Writes an error in the contract's form. After the headers there is only one way left to tell: the connection ends. */
export function writeError(
  request: IncomingMessage,
  response: ServerResponse,
  error: ContractError,
  requestId: string,
  extra: readonly string[] = [],
): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const json = JSON.stringify(error.toPayload(requestId));
  const headers = [...jsonHeaders(requestId, json), ...extra];
  if (error.retryAfterMs !== undefined) {
    headers.push("retry-after", String(Math.ceil(error.retryAfterMs / 1000)));
  }
  if (error.code === "unauthenticated") {
    headers.push("www-authenticate", 'Bearer realm="parley"');
  }
  if (!request.complete && hasBody(request)) {
    // The rest of the body is not worth reading; what was sent already must be, or the client sees a reset first.
    headers.push("connection", "close");
    request.resume();
  }
  response.writeHead(errors[error.code].http, headers);
  response.end(json);
}

/** Headers of every answer, as the flat list that `writeHead` takes. */
export function contractHeaders(requestId: string): string[] {
  return [
    "parley-contract",
    CONTRACT_VERSION,
    "parley-digest",
    CONTRACT_DIGEST,
    "parley-request-id",
    requestId,
    "x-content-type-options",
    "nosniff",
  ];
}

/** How often a stream of server-sent events says that it lives, milliseconds. */
export const heartbeatMs = 10_000;
/** When its client tries again, milliseconds. */
export const retryMs = 2_000;

/** Headers of server-sent events, which nobody on the way may keep or change. */
export function eventStreamHeaders(requestId: string): string[] {
  return [
    "content-type",
    "text/event-stream; charset=utf-8",
    "cache-control",
    "no-store, no-transform",
    "x-accel-buffering",
    "no",
    ...contractHeaders(requestId),
  ];
}

/** Written out: this runs on every request. */
function jsonHeaders(requestId: string, json: string): string[] {
  return [
    "content-type",
    "application/json",
    "content-length",
    String(Buffer.byteLength(json)),
    "cache-control",
    "no-store",
    "parley-contract",
    CONTRACT_VERSION,
    "parley-digest",
    CONTRACT_DIGEST,
    "parley-request-id",
    requestId,
    "x-content-type-options",
    "nosniff",
  ];
}
