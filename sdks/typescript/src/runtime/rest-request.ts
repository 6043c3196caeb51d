import { clientError } from "./errors.js";
import type { RestEntry } from "./operation.js";

type Fields = { readonly [field: string]: unknown };

/** Lays a request out as path, query and body. Fields that the query does not know travel too: the daemon names them. */
export function restRequest(rest: RestEntry, request: Fields): { path: string; body?: string } {
  if (rest.in === "body" && rest.pathFields.length === 0)
    return { path: rest.path, body: JSON.stringify(request) };
  const path = rest.path.replace(/\{(\w+)\}/g, (_, field: string) => {
    const value = request[field];
    if (typeof value === "string" && value !== "") return encodeURIComponent(value);
    throw clientError("invalid_request", `The field \`${field}\` names a path and cannot be empty.`);
  });
  const others = Object.entries(request).filter(([field]) => !rest.pathFields.includes(field));
  if (rest.in === "body") return { path, body: JSON.stringify(Object.fromEntries(others)) };
  if (others.length === 0) return { path };
  const query = new URLSearchParams();
  const taken = new Set(rest.queryFields.map((field) => field.path[0]));
  for (const { name, path: place } of rest.queryFields) append(query, name, valueAt(request, place));
  for (const [field, value] of others) if (!taken.has(field)) append(query, field, value);
  const text = query.toString();
  return { path: text === "" ? path : `${path}?${text}` };
}

function append(query: URLSearchParams, name: string, value: unknown): void {
  if (value !== undefined) query.append(name, typeof value === "string" ? value : JSON.stringify(value));
}

/** The value at a path, undefined when something on the way is missing. */
export function valueAt(request: Fields, path: readonly string[]): unknown {
  let value: unknown = request;
  for (const field of path)
    value = typeof value === "object" && value !== null ? (value as Fields)[field] : undefined;
  return value;
}

/** A copy with `value` at `path`; what lies beside the path is shared. */
export function withValueAt(request: Fields, path: readonly string[], value: unknown): Fields {
  const [field, ...rest] = path;
  if (field === undefined) return request;
  if (rest.length === 0) return { ...request, [field]: value };
  const inner = request[field];
  const object = typeof inner === "object" && inner !== null ? (inner as Fields) : {};
  return { ...request, [field]: withValueAt(object, rest, value) };
}
