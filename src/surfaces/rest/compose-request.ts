import type { IncomingMessage } from "node:http";
import { type OperationSpec, operations } from "../../generated/operations.js";
import type { RestRoute } from "../../generated/rest.js";
import { ContractError, type ErrorDetail } from "../../kernel/contract-error.js";
import { decodeJson, jsonType } from "../../kernel/json.js";
import { headerOf } from "../http/raw-call.js";
import { decodeQuery, place, valueAt } from "./query.js";

/**
 * The operation's request out of body or query, path and headers; whether it fits is the validator's question. `body` is
 * undefined when the HTTP request has none.
 */
export function composeRequest(
  route: RestRoute,
  request: IncomingMessage,
  params: Readonly<Record<string, string>>,
  body: Buffer | undefined,
): unknown {
  const spec: OperationSpec = operations[route.operation];
  const value = route.in === "body" ? fromBody(body) : fromQuery(route, request, body);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return value;
  }
  const fields = value as Record<string, unknown>;
  for (const name of route.pathFields) {
    if (Object.hasOwn(fields, name)) {
      throw conflict(spec, {
        field: name,
        issue: "forbidden_field",
        expected: "absent",
        got: jsonType(fields[name]),
      });
    }
    fields[name] = params[name];
  }
  if (route.idempotencyHeader && spec.idempotencyPath !== null) {
    placeKey(spec, spec.idempotencyPath, fields, headerOf(request, "idempotency-key"));
  }
  return fields;
}

function placeKey(
  spec: OperationSpec,
  path: readonly string[],
  fields: Record<string, unknown>,
  key: string | undefined,
): void {
  if (key === undefined) {
    return;
  }
  const given = valueAt(fields, path);
  if (given === undefined) {
    place(fields, path, key);
  } else if (given !== key) {
    const expected = "the Idempotency-Key header's value";
    throw conflict(spec, { field: path.join("."), issue: "invalid_value", expected, got: "another" });
  }
}

function fromBody(body: Buffer | undefined): unknown {
  return body === undefined || body.length === 0 ? {} : decodeJson(body, body.length);
}

/** A body beside a query would be ignored, and ignoring what a client says is how surprises begin. */
function fromQuery(route: RestRoute, request: IncomingMessage, body: Buffer | undefined): unknown {
  if (body !== undefined && body.length > 0) {
    const detail: ErrorDetail = { field: "", issue: "forbidden_field", expected: "no body", got: "a body" };
    throw conflict(operations[route.operation], detail);
  }
  return decodeQuery(request.url ?? "", route.queryFields);
}

function conflict(spec: OperationSpec, detail: ErrorDetail): ContractError {
  return new ContractError(spec.validationError, { details: [detail] });
}
