import type { Contract, Operation, OutputFile, Property, Shape, TypeDef } from "../contract.js";
import {
  type JsonObject,
  propertySchema,
  reachable,
  resolveType,
  type SchemaView,
  typeSchema,
} from "../json-schema.js";
import { typeMap } from "../lower.js";
import { errorsOf } from "../operation-errors.js";

/** `schemas/dist/openrpc.json`: the JSON-RPC methods as OpenRPC 1.3. Notifications are in `asyncapi.yaml`. */
export function emitOpenrpc(contract: Contract): OutputFile[] {
  const types = new Map(typeMap(contract));
  for (const type of contract.errorTypes) types.set(type.name, type);
  const ref = (name: string): string => `#/components/schemas/${resolveType(types, name).name}`;
  const view: SchemaView = {
    openness: "source",
    discriminator: "object",
    surface: "rpc",
    readers: "validators",
    ref,
  };
  const methods = contract.operations.filter((operation) => operation.rpc !== null);
  const needed = reachable(types, [...methods.flatMap((o) => [o.request, o.response]), "ErrorPayload"]);
  const document = {
    openrpc: "1.3.2",
    info: {
      title: "Parley",
      version: contract.version,
      description: "JSON-RPC 2.0 over WebSocket at /rpc; POST /rpc takes unary methods. Params are by name.",
      license: { name: "MIT" },
      "x-digest": contract.digest.slice(0, 16),
    },
    servers: [{ name: "local", url: "ws://127.0.0.1:7433/rpc" }],
    methods: methods
      .map((operation) => method(contract, operation, types, view))
      .sort((a, b) => (String(a.name) < String(b.name) ? -1 : 1)),
    "x-error-data": { $ref: ref("ErrorPayload") },
    components: {
      errors: Object.fromEntries(
        contract.errors
          .filter((error) => !error.clientOnly)
          .map(({ code, rpc, text }) => [code, { code: rpc, message: text, data: { code } }]),
      ),
      schemas: Object.fromEntries(
        [...needed].sort().map((name) => [name, typeSchema(types.get(name)!, view)]),
      ),
    },
  };
  return [{ path: "schemas/dist/openrpc.json", text: `${JSON.stringify(document, null, 2)}\n` }];
}

function method(
  contract: Contract,
  operation: Operation,
  types: ReadonlyMap<string, TypeDef>,
  view: SchemaView,
): JsonObject {
  const request = resolveType(types, operation.request);
  const example = operation.example.request as JsonObject;
  return {
    name: operation.rpc,
    summary: operation.summary,
    tags: [{ name: operation.plane }],
    paramStructure: "by-name",
    params: fieldsOf(request.shape, types).map((property) => {
      const { description, ...schema } = propertySchema(property, view);
      return {
        name: property.name,
        ...(description ? { description } : {}),
        required: property.required,
        schema,
      };
    }),
    result: { name: operation.response, schema: { $ref: view.ref(operation.response) } },
    errors: errorsOf(contract, operation).map(({ code }) => ({ $ref: `#/components/errors/${code}` })),
    examples: [
      {
        name: "example",
        params: Object.entries(example).map(([name, value]) => ({ name, value })),
        result: { name: operation.response, value: operation.example.response },
      },
    ],
    ...(operation.deprecated === null ? {} : { deprecated: true }),
    "x-operation": operation.id,
    "x-params-schema": { $ref: view.ref(operation.request) },
    "x-scope": operation.scope,
    "x-idempotency": operation.idempotency,
    ...(operation.stream ? { "x-stream": operation.stream } : {}),
  };
}

/** A union's params by name: the fields of all variants; `x-params-schema` has the exact rule. */
function fieldsOf(shape: Shape, types: ReadonlyMap<string, TypeDef>): Property[] {
  if (shape.kind === "object") return shape.properties;
  if (shape.kind !== "union") return [];
  const variants = shape.variants.map((variant) => fieldsOf(resolveType(types, variant.type).shape, types));
  const fields = new Map<string, Property>();
  for (const property of variants.flat()) if (!fields.has(property.name)) fields.set(property.name, property);
  return [...fields.values()].map((property) => {
    const holders = variants.filter((variant) => variant.some((other) => other.name === property.name));
    const tag: Shape = {
      kind: "string",
      enum: shape.variants.map((variant) => variant.tag),
      maxLength: 64,
    };
    return {
      ...property,
      required:
        holders.length === variants.length &&
        holders.flat().every((p) => p.name !== property.name || p.required),
      shape: property.name === shape.discriminator ? tag : property.shape,
    };
  });
}
