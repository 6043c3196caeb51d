import { clientError, errorFrom, isErrorPayload } from "./errors.js";
import type { ParleyError } from "./parley-error.js";

/** The error of an HTTP reply; a body that is no payload comes from something that is no Parley daemon. */
export function httpError(status: number, text: string, address: string): ParleyError {
  const payload = parseJson(text);
  if (isErrorPayload(payload)) return errorFrom(payload);
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
