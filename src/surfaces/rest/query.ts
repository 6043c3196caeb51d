import type { RestQueryField } from "../../generated/rest.js";
import { ContractError, type ErrorDetail } from "../../kernel/contract-error.js";

/**
 * The request that a query string spells. Each field is read by its declared type and by nothing looser: what does not
 * read as that type stays the text that it is, for the validator to name. Unknown and repeated fields are refused here,
 * because only the query string knows of them.
 */
export function decodeQuery(url: string, fields: readonly RestQueryField[]): Record<string, unknown> {
  const request: Record<string, unknown> = {};
  const start = url.indexOf("?");
  if (start === -1 || start === url.length - 1) {
    return request;
  }
  const details: ErrorDetail[] = [];
  const seen = new Set<string>();
  for (const pair of url.slice(start + 1).split("&")) {
    if (pair === "") {
      continue;
    }
    const split = pair.indexOf("=");
    const name = decode(split === -1 ? pair : pair.slice(0, split));
    const value = decode(split === -1 ? "" : pair.slice(split + 1));
    if (name === null || value === null) {
      const field = (name ?? pair).slice(0, 64);
      details.push({
        field,
        issue: "invalid_value",
        expected: "percent-encoded UTF-8",
        got: "something else",
      });
      continue;
    }
    const field = fields.find((candidate) => candidate.name === name);
    if (field === undefined) {
      details.push({ field: name.slice(0, 64), issue: "unknown_field", expected: "absent", got: "string" });
    } else if (seen.has(name)) {
      details.push({
        field: field.path.join("."),
        issue: "invalid_value",
        expected: "given once",
        got: "repeated",
      });
    } else {
      seen.add(name);
      place(request, field.path, read(value, field.type));
    }
  }
  if (details.length > 0) {
    throw new ContractError("invalid_request", { details: sorted(details) });
  }
  return request;
}

function sorted(details: ErrorDetail[]): ErrorDetail[] {
  const unique = new Map(details.map((detail) => [`${detail.field}\0${detail.issue}`, detail]));
  return [...unique].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, detail]) => detail);
}

function decode(text: string): string | null {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return null;
  }
}

function read(text: string, type: RestQueryField["type"]): unknown {
  switch (type) {
    case "integer":
      return readInteger(text);
    case "boolean":
      return text === "true" ? true : text === "false" ? false : text;
    case "json":
      try {
        return JSON.parse(text);
      } catch {
        return text;
      }
    default:
      return text;
  }
}

/** A whole number in its one canonical spelling; anything else stays text. */
export function readInteger(text: string): number | string {
  return /^(?:0|-?[1-9][0-9]{0,15})$/.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) : text;
}

/** Puts a value at a path, making objects on the way; leaves the request alone where something else lies there. */
export function place(request: Record<string, unknown>, path: readonly string[], value: unknown): void {
  let here = request;
  for (const part of path.slice(0, -1)) {
    if (!Object.hasOwn(here, part)) {
      here[part] = {};
    }
    const next = here[part];
    if (typeof next !== "object" || next === null || Array.isArray(next)) {
      return;
    }
    here = next as Record<string, unknown>;
  }
  const last = path.at(-1);
  if (last !== undefined) {
    here[last] = value;
  }
}

/** The value at a path, or undefined. */
export function valueAt(request: unknown, path: readonly string[]): unknown {
  let here = request;
  for (const part of path) {
    if (typeof here !== "object" || here === null || !Object.hasOwn(here, part)) {
      return undefined;
    }
    here = (here as Record<string, unknown>)[part];
  }
  return here;
}
