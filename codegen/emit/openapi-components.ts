import type { Contract, Operation, TypeDef } from "../contract.js";
import { type JsonObject, reachable, resolveType, type SchemaView, typeSchema } from "../json-schema.js";
import { typeMap } from "../lower.js";

/** The schemas of an OpenAPI document, one per named type. */
export interface Components {
  schemas: JsonObject;
  types: ReadonlyMap<string, TypeDef>;
  view: SchemaView;
}

/** Collects the components of every type that a REST operation needs. */
export function openapiComponents(contract: Contract, operations: Operation[]): Components {
  const types = new Map(typeMap(contract));
  for (const type of contract.errorTypes) types.set(type.name, type);
  const names = reachable(types, [
    ...operations.flatMap((operation) => [operation.request, operation.response]),
    ...contract.events.map((event) => event.payload),
    "ErrorPayload",
  ]);
  // These lie in path and query, or lose their path fields: they get a body of their own, or none.
  for (const operation of operations) if (!takesWholeBody(operation)) names.delete(operation.request);
  // The linter keeps `x-open` out of what requests use, so one view serves requests and responses.
  const view: SchemaView = {
    openness: "relaxed",
    discriminator: "mapped",
    surface: "rest",
    readers: "generators",
    ref: (name) => `#/components/schemas/${resolveType(types, name).name}`,
  };
  const schemas = Object.fromEntries(
    [...names].sort().map((name) => [name, typeSchema(types.get(name)!, view)]),
  );
  return { schemas, types, view };
}

/** The JSON body is the request itself: nothing of it lies in the path or the query. */
export function takesWholeBody(operation: Operation): boolean {
  return operation.rest?.rest === "body" && operation.rest.pathFields.length === 0;
}
