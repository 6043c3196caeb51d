import { type ErrorCode, errorClasses, errorSpecs } from "../generated/errors.js";
import { type ErrorPayload, ParleyError } from "./parley-error.js";

/** The error of a payload, as the class of its code. */
export function errorFrom(payload: ErrorPayload, cause?: unknown): ParleyError {
  const known = Object.hasOwn(errorClasses, payload.code);
  const Class = known ? errorClasses[payload.code as ErrorCode] : ParleyError;
  return new Class(payload, cause);
}

/** An error that the client finds by itself. */
export function clientError(code: ErrorCode, message?: string, cause?: unknown): ParleyError {
  const { retryable, text } = errorSpecs[code];
  return errorFrom({ code, message: message ?? text, retryable }, cause);
}

/** Category of an error's code; empty when only a newer daemon knows the code. */
export function categoryOf(error: ParleyError): string {
  return Object.hasOwn(errorSpecs, error.code) ? errorSpecs[error.code as ErrorCode].category : "";
}

/** True for an error payload, whatever else it holds. */
export function isErrorPayload(value: unknown): value is ErrorPayload {
  if (typeof value !== "object" || value === null) return false;
  const { code, message } = value as Partial<ErrorPayload>;
  return typeof code === "string" && typeof message === "string";
}
