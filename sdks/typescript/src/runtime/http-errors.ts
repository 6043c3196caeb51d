import { errorFrom, isErrorPayload } from "./errors.js";
import type { ParleyError } from "./parley-error.js";

/** What a proxy answers while the daemon behind it is away. */
const awayStatuses: ReadonlySet<number> = new Set([502, 503, 504]);

/** The error of an HTTP reply. A body that is no payload comes from a proxy, or from something that is no Parley daemon. */
export function httpError(status: number, text: string, address: string): ParleyError {
  const payload = parseJson(text);
  if (isErrorPayload(payload)) return errorFrom(payload);
  return errorFrom({
    code: "daemon_unreachable",
    message: foreignAnswer(status, text, address),
    retryable: status === 429 || awayStatuses.has(status),
  });
}

function foreignAnswer(status: number, text: string, address: string): string {
  if (awayStatuses.has(status)) return `A proxy at ${address} answered HTTP ${status}: the daemon is away.`;
  if (status >= 300 && status < 400)
    return `${address} answered with a redirect (HTTP ${status}). Redirects are not followed: pass the daemon's own address.`;
  const got = text === "" ? "an empty body" : JSON.stringify(text.slice(0, 80));
  return `${address} answered HTTP ${status} with ${got}, which no Parley daemon sends: check the address and any proxy in front of it.`;
}

/** The value of a JSON text, undefined when it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
