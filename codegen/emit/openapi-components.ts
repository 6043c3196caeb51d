import type { Contract, Operation, Shape, TypeDef } from "../contract.js";
import { type JsonObject, reachable, resolveType, type SchemaView, typeSchema } from "../json-schema.js";
import { typeMap } from "../lower.js";
import { errorPayloadTypes } from "../operation-errors.js";

/** The schemas of an OpenAPI document: one per named type, two where requests are stricter than responses. */
export interface Components {
  schemas: JsonObject;
  types: ReadonlyMap<string, TypeDef>;
  /** What clients send: closed. */
  request: SchemaView;
  /** What clients read: open where the contract says so. */
  response: SchemaView;
}

/** Collects the components of every type that a REST operation needs. */
export function openapiComponents(contract: Contract, operations: Operation[]): Components {
  const types = new Map(typeMap(contract));
  for (const type of errorPayloadTypes(contract))
    types.set(type.name, { ...type, module: "common", origin: "schemas/errors.json" });
  const asked = reachable(
    types,
    operations.map((operation) => operation.request),
  );
  const answered = reachable(types, [
    ...operations.map((operation) => operation.response),
    ...contract.events.map((event) => event.payload),
    "ErrorPayload",
  ]);
  const differs = (name: string): boolean =>
    asked.has(name) &&
    answered.has(name) &&
    [...reachable(types, [name])].some((n) => isOpen(types.get(n)!.shape));
  const requestName = (name: string): string => {
    const resolved = resolveType(types, name).name;
    return differs(resolved) ? `${resolved}Input` : resolved;
  };
  const at = (name: string): string => `#/components/schemas/${name}`;
  const request: SchemaView = { openness: "strict", mapping: true, ref: (name) => at(requestName(name)) };
  const response: SchemaView = {
    openness: "relaxed",
    mapping: true,
    ref: (name) => at(resolveType(types, name).name),
  };
  const wholeBody = new Set(operations.filter(takesWholeBody).map((operation) => operation.request));
  const partial = new Set(operations.filter((o) => !takesWholeBody(o)).map((operation) => operation.request));
  const entries: [string, JsonObject][] = [];
  for (const name of asked)
    if (wholeBody.has(name) || !partial.has(name))
      entries.push([requestName(name), typeSchema(types.get(name)!, request)]);
  for (const name of answered)
    if (!asked.has(name) || differs(name)) entries.push([name, typeSchema(types.get(name)!, response)]);
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  const schemas = Object.fromEntries(entries);
  if (Object.keys(schemas).length !== entries.length)
    throw new Error(
      "two types of the contract would share one component of openapi.yaml; rename one of them",
    );
  return { schemas, types, request, response };
}

/** The JSON body is the request itself: nothing of it lies in the path or the query. */
export function takesWholeBody(operation: Operation): boolean {
  return operation.rest?.rest === "body" && operation.rest.pathFields.length === 0;
}

function isOpen(shape: Shape): boolean {
  if (shape.kind === "object")
    return shape.open || shape.properties.some((property) => isOpen(property.shape));
  if (shape.kind === "array") return isOpen(shape.items);
  if (shape.kind === "map") return isOpen(shape.values);
  return (shape.kind === "union" || shape.kind === "string") && shape.open === true;
}
