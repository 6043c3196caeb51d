import { clientError, errorFrom, isErrorPayload } from "./errors.js";
import type { ParleyError } from "./parley-error.js";

/** What a proxy answers while the daemon behind it is away. */
const awayStatuses: ReadonlySet<number> = new Set([502, 503, 504]);

/** The error of an HTTP reply. A body that is no payload comes from a proxy, or from something that is no Parley daemon. */
export function httpError(status: number, text: string, address: string): ParleyError {
  const payload = parseJson(text);
  if (isErrorPayload(payload)) return errorFrom(payload);
  if (awayStatuses.has(status))
    return clientError(
      "daemon_unreachable",
      `A proxy at ${address} answered HTTP ${status}: the daemon is away.`,
    );
  const got = text === "" ? "nothing" : JSON.stringify(text.slice(0, 80));
  return clientError("internal", `${address} answered HTTP ${status} with ${got}: is it a Parley daemon?`);
}

/** The value of a JSON text, undefined when it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
