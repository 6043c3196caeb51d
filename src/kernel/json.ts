import { isUtf8 } from "node:buffer";
import { ContractError } from "./contract-error.js";
import { boundJson } from "./json-bounds.js";

/** Largest JSON body or frame. */
const maxJsonBytes = 1024 * 1024;

/** Deepest nesting of arrays and objects in a request. */
export const maxJsonDepth = 64;

/**
 * Parses one JSON text. Throws `payload_too_large` or `parse_error` (ill-formed UTF-8, a byte order mark, bad JSON).
 * What is inside (depth, hostile keys) is the validator's business, so that all surfaces answer alike.
 */
export function decodeJson(bytes: Buffer, maxBytes: number = maxJsonBytes): unknown {
  if (bytes.length > maxBytes) {
    throw payloadTooLarge(maxBytes);
  }
  if (!isUtf8(bytes)) {
    throw new ContractError("parse_error", { message: "The body is not well-formed UTF-8." });
  }
  return parseJson(bytes);
}

/** Parses a JSON text of well-formed UTF-8. Throws `parse_error`, or `payload_too_large` for one that `boundJson` refuses. */
export function parseJson(bytes: Buffer): unknown {
  const bounded = boundJson(bytes);
  if (typeof bounded === "string") {
    throw tooLarge(bounded);
  }
  try {
    return JSON.parse(bounded.toString("utf8"));
  } catch (cause) {
    throw new ContractError("parse_error", { cause });
  }
}

/** The error for a body over its limit; `details` names the limit. */
export function payloadTooLarge(maxBytes: number): ContractError {
  return tooLarge(`at most ${maxBytes} bytes`);
}

function tooLarge(expected: string): ContractError {
  return new ContractError("payload_too_large", {
    details: [{ field: "", issue: "too_long", expected, got: "more" }],
  });
}

/** What makes a parsed value unfit for any handler. */
export type JsonFlaw = "too_deep" | "proto_key" | "lone_surrogate" | "inexact_number";

/** Looks for the first flaw; recursion ends at the depth limit, so it is safe on any input. */
export function findFlaw(value: unknown, depth = 1): JsonFlaw | null {
  if (typeof value === "string") {
    return value.isWellFormed() ? null : "lone_surrogate";
  }
  if (typeof value === "number") {
    return isExact(value) ? null : "inexact_number";
  }
  if (typeof value !== "object" || value === null) {
    return null;
  }
  if (depth > maxJsonDepth) {
    return "too_deep";
  }
  if (Array.isArray(value)) {
    for (const item of value) {
      const flaw = findFlaw(item, depth + 1);
      if (flaw !== null) {
        return flaw;
      }
    }
    return null;
  }
  for (const key in value) {
    if (key === "__proto__") {
      return "proto_key";
    }
    if (!key.isWellFormed()) {
      return "lone_surrogate";
    }
    const flaw = findFlaw((value as Record<string, unknown>)[key], depth + 1);
    if (flaw !== null) {
      return flaw;
    }
  }
  return null;
}

/** Reading rounds whole numbers above 2^53 and loses what no double holds. From 1e21 on nobody means a digit. */
function isExact(value: number): boolean {
  if (Number.isSafeInteger(value)) return true;
  return Number.isInteger(value) ? Math.abs(value) >= 1e21 : Number.isFinite(value);
}

/** Types whose JSON text callers send in place of the value itself. */
const textOf: Readonly<Record<string, string>> = {
  object: "an object, not its JSON text",
  array: "an array, not its JSON text",
};
const scalarText: Readonly<Record<string, [words: string, fits: RegExp]>> = {
  integer: ["an integer, not its text", /^-?\d+$/],
  number: ["a number, not its text", /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/],
  boolean: ["a boolean, not its text", /^(?:true|false)$/],
  null: ["null, not its text", /^null$/],
};

/** What was expected in place of `value`, which has another type. A value that came as text is named as such. */
export function expectedType(type: string, value: unknown): string {
  if (typeof value !== "string") return type;
  const whole = textOf[type];
  if (whole !== undefined) return whole;
  const [words, fits] = scalarText[type] ?? [type, /^/];
  return fits.test(value.trim()) ? words : type;
}

/** Type of a JSON value as error details name it: JSON's names, not those of JavaScript. */
export function jsonType(value: unknown): string {
  if (value === null) {
    return "null";
  }
  if (value === undefined) {
    return "absent";
  }
  return Array.isArray(value) ? "array" : typeof value;
}
