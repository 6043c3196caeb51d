import { type ErrorCode, errors } from "../../../src/generated/errors.js";
import type { Reply } from "./raw-client.js";

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Statuses that HTTP itself has: a head too late, another version of WebSocket, a head too large. Their code is `invalid_request`. */
const ofHttp = new Set([408, 426, 431]);

/** A reply in short: its status and, of a refusal, its code. */
export function shortOf({ status, body }: Reply): string {
  const code = codeIn(body);
  return code === undefined ? `${status}` : `${status} ${code}`;
}

/** What is wrong with a refusal as the contract wants it; undefined when nothing is. Answers that are no refusals pass. */
export function flawOf(reply: Reply, { headOnly = false } = {}): string | undefined {
  const { status, headers, body } = reply;
  if (status === 0) return "the answer is no HTTP";
  if (status >= 500) return `status ${status}: ${body.slice(0, 200)}`;
  if (status < 400) return undefined;
  if (headers["parley-contract"] === undefined) return `${status} without Parley-Contract`;
  if (headOnly) return undefined;
  return flawOfPayload(body, status);
}

/** What is wrong with an error payload; with a status, also whether both belong together. */
export function flawOfPayload(text: string, status?: number): string | undefined {
  const code = codeIn(text);
  if (code === undefined || !Object.hasOwn(errors, code))
    return `no code of the contract: ${text.slice(0, 200)}`;
  const { http, retryable, clientOnly } = errors[code as ErrorCode];
  const payload = JSON.parse(text);
  if (clientOnly || code === "internal") return `${code} from the daemon: ${text.slice(0, 200)}`;
  if (status !== undefined && http !== status && !(ofHttp.has(status) && code === "invalid_request"))
    return `${code} with status ${status}`;
  const wellFormed =
    typeof payload.message === "string" &&
    Array.isArray(payload.details) &&
    payload.retryable === retryable &&
    uuid.test(payload.request_id);
  return wellFormed ? undefined : `not the contract's payload: ${text.slice(0, 200)}`;
}

function codeIn(body: string): string | undefined {
  try {
    const { code } = JSON.parse(body) as { code?: unknown };
    return typeof code === "string" ? code : undefined;
  } catch {
    return undefined;
  }
}
