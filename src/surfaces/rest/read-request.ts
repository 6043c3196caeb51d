import type { IncomingMessage } from "node:http";
import { type OperationSpec, operations } from "../../generated/operations.js";
import type { RestRoute } from "../../generated/rest.js";
import { ContractError, type ErrorDetail } from "../../kernel/contract-error.js";
import { decodeJson } from "../../kernel/json.js";
import { headerOf } from "../raw-call.js";
import { hasBody, readBody, requireJson } from "./body.js";
import { decodeQuery, place, valueAt } from "./query.js";

/** The operation's request out of body or query, path and headers; validation is dispatch's. */
export async function readRequest(
  route: RestRoute,
  request: IncomingMessage,
  params: Readonly<Record<string, string>>,
  maxBytes: number,
): Promise<unknown> {
  const spec: OperationSpec = operations[route.operation];
  const value = route.in === "body" ? await readJson(request, maxBytes) : queryOf(route, request);
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
        got: typeof fields[name],
      });
    }
    fields[name] = params[name];
  }
  const key = headerOf(request, "idempotency-key");
  if (route.idempotencyHeader && key !== undefined && spec.idempotencyPath !== null) {
    const given = valueAt(fields, spec.idempotencyPath);
    if (given === undefined) {
      place(fields, spec.idempotencyPath, key);
    } else if (given !== key) {
      const field = spec.idempotencyPath.join(".");
      throw conflict(spec, {
        field,
        issue: "invalid_value",
        expected: "the Idempotency-Key header's value",
        got: "another",
      });
    }
  }
  return fields;
}

async function readJson(request: IncomingMessage, maxBytes: number): Promise<unknown> {
  if (!hasBody(request)) {
    return {};
  }
  requireJson(request);
  const bytes = await readBody(request, maxBytes);
  return bytes.length === 0 ? {} : decodeJson(bytes, maxBytes);
}

/** A body beside a query would be ignored, and ignoring what a client says is how surprises begin. */
function queryOf(route: RestRoute, request: IncomingMessage): unknown {
  if (hasBody(request)) {
    const detail: ErrorDetail = { field: "", issue: "forbidden_field", expected: "no body", got: "a body" };
    throw conflict(operations[route.operation], detail);
  }
  return decodeQuery(request.url ?? "", route.queryFields);
}

function conflict(spec: OperationSpec, detail: ErrorDetail): ContractError {
  return new ContractError(spec.validationError, { details: [detail] });
}
