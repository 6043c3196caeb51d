import { isDeepStrictEqual } from "node:util";
import { operations } from "../../../src/generated/operations.js";
import type { RestRoute } from "../../../src/generated/rest.js";
import { parsed } from "./case.js";

/** How an input is said over HTTP. */
export interface RestForm {
  path: string;
  body: string | undefined;
  /** The answer is a stream that does not end by itself. */
  follows: boolean;
}

/**
 * The path and body, or query, that say an input; undefined when HTTP cannot say it: parts of a path are texts that are
 * not empty, and a query has no nesting and no types.
 */
export function restForm(route: RestRoute, text: string): RestForm | undefined {
  const read = parsed(text);
  const value = read?.value;
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  let path = route.path;
  // No body at all is an empty request.
  if (route.pathFields.length === 0 && route.in === "body")
    return text === "" ? undefined : { path, body: text, follows: false };
  if (!isObject) return undefined;
  const fields = new Map(Object.entries(value));
  for (const field of route.pathFields) {
    const part = fields.get(field);
    // A dot segment is resolved before it is sent.
    if (typeof part !== "string" || /^\.{0,2}$/.test(part) || !part.isWellFormed()) return undefined;
    path = path.replace(`:${field}`, () => encodeURIComponent(part));
    fields.delete(field);
  }
  if (route.in === "body") {
    // The rest is said again, if that leaves it what it is.
    const rest = Object.fromEntries(fields);
    const body = JSON.stringify(rest);
    return isDeepStrictEqual(JSON.parse(body), rest) ? { path, body, follows: false } : undefined;
  }
  const pairs: string[] = [];
  for (const [name, field] of fields) {
    const spelled = spell(route, name, field);
    if (spelled === undefined) return undefined;
    pairs.push(...spelled);
  }
  const follows = operations[route.operation].kind === "stream" && fields.get("follow") !== false;
  return { path: pairs.length === 0 ? path : `${path}?${pairs.join("&")}`, body: undefined, follows };
}

/** A field as `name=value`; a union as its tag with the variant's fields beside it. */
function spell({ queryFields }: RestRoute, name: string, value: unknown): string[] | undefined {
  const known = queryFields.find((field) => field.name === name);
  if (known === undefined) return pair(name, value);
  if (known.type !== "tag") return fits(known.type, value) ? pair(name, value) : undefined;
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const { kind, ...inner } = value as Record<string, unknown>;
  if (typeof kind !== "string") return undefined;
  const pairs = [pair(name, kind)];
  for (const [key, field] of Object.entries(inner)) {
    const variant = queryFields.find((candidate) => candidate.name === key);
    // Beside the tag it is a field of the whole request.
    const own = variant?.path.length === 2 || variant === undefined;
    pairs.push(own && (variant === undefined || fits(variant.type, field)) ? pair(key, field) : undefined);
  }
  return pairs.includes(undefined) ? undefined : (pairs as string[][]).flat();
}

/** Whether a value's text reads as that value again. */
function fits(type: string, value: unknown): boolean {
  if (type === "integer") return Number.isSafeInteger(value) && !Object.is(value, -0);
  return typeof value === (type === "boolean" ? "boolean" : "string");
}

function pair(name: string, value: unknown): string[] | undefined {
  if (typeof value === "object" || !name.isWellFormed() || !`${value}`.isWellFormed()) return undefined;
  return [`${encodeURIComponent(name)}=${encodeURIComponent(`${value}`)}`];
}
