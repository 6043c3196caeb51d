import type { CliBinding, McpBinding, QueryField, RestBinding } from "./contract.js";
import { type Definition, type Definitions, resolveRef } from "./refs.js";
import { isObject, type JsonObject, type SchemaFile } from "./source.js";

/** A named schema with aliases followed to where its keywords stand. */
function followAlias(definitions: Definitions, definition: Definition): Definition {
  const ref = definition.schema.$ref;
  return typeof ref === "string"
    ? followAlias(definitions, resolveRef(definitions, definition.file, ref))
    : definition;
}

/** The object schemas that a definition can be: itself, or each variant of a union. */
function objectForms(definitions: Definitions, definition: Definition): Definition[] {
  const real = followAlias(definitions, definition);
  if (!Array.isArray(real.schema.oneOf)) return [real];
  return real.schema.oneOf.map((arm) => resolveRef(definitions, real.file, String((arm as JsonObject).$ref)));
}

/** The properties that a schema offers; `$ref` followed, none when it is no plain object. */
function propertiesOf(definitions: Definitions, definition: Definition): JsonObject {
  const real = followAlias(definitions, definition);
  return isObject(real.schema.properties) ? real.schema.properties : {};
}

/** The property's schema with `$ref` followed, as a definition of its own. */
function followProperty(definitions: Definitions, file: SchemaFile, schema: JsonObject): Definition {
  if (typeof schema.$ref === "string")
    return followAlias(definitions, resolveRef(definitions, file, schema.$ref));
  return { name: "", file, key: "", origin: "", schema };
}

/** `{field}` names of a path. */
function pathFieldsOf(path: string): string[] {
  return [...path.matchAll(/\{([^}]*)\}/g)].map((match) => match[1] ?? "");
}

/** Reads an operation's `rest` block. */
export function toRest(definitions: Definitions, request: Definition, block: JsonObject): RestBinding {
  const method = block.method as RestBinding["method"];
  const path = String(block.path);
  const pathFields = pathFieldsOf(path);
  const rest = method === "GET" || method === "DELETE" ? "query" : "body";
  return {
    method,
    path,
    status: Number(block.status),
    idempotencyHeader: block.idempotency_header === true,
    pathFields,
    rest,
    queryFields: rest === "query" ? toQueryFields(definitions, request, pathFields) : [],
  };
}

function toQueryFields(definitions: Definitions, request: Definition, pathFields: string[]): QueryField[] {
  const real = followAlias(definitions, request);
  const required = new Set((real.schema.required ?? []) as string[]);
  const fields = new Map<string, QueryField>();
  for (const [name, schema] of Object.entries(propertiesOf(definitions, real))) {
    if (pathFields.includes(name)) continue;
    const property = followProperty(definitions, real.file, schema as JsonObject);
    if (!Array.isArray(property.schema.oneOf)) {
      fields.set(name, {
        name,
        path: [name],
        type: queryType(property.schema),
        required: required.has(name),
      });
      continue;
    }
    fields.set(name, { name, path: [name, "kind"], type: "tag", required: required.has(name) });
    for (const variant of objectForms(definitions, property))
      for (const [inner, value] of Object.entries(propertiesOf(definitions, variant))) {
        if (inner === "kind") continue;
        const type = queryType(followProperty(definitions, variant.file, value as JsonObject).schema);
        fields.set(inner, { name: inner, path: [name, inner], type, required: false });
      }
  }
  return [...fields.values()];
}

function queryType(schema: JsonObject): QueryField["type"] {
  return schema.type === "string" || schema.type === "integer" || schema.type === "boolean"
    ? schema.type
    : "json";
}

/** Reads an operation's `mcp` block. */
export function toMcp(block: JsonObject, summary: string): McpBinding {
  return {
    tool: String(block.tool),
    description: typeof block.description === "string" ? block.description : summary,
    wrap: typeof block.wrap === "string" ? block.wrap : null,
  };
}

/** Reads an operation's `cli` block. */
export function toCli(block: JsonObject): CliBinding {
  return {
    command: String(block.command),
    args: (block.args as JsonObject[]).map((arg) => ({ field: String(arg.field) })),
    flags: (block.flags as JsonObject[]).map((flag) => ({
      field: String(flag.field),
      flag: String(flag.flag),
      repeat: flag.repeat === true,
      unit: flag.unit === "duration" ? "duration" : null,
    })),
    columns: block.columns as string[],
    rows: typeof block.rows === "string" ? block.rows : null,
    custom: block.custom === true,
  };
}

/** Where the idempotency key lies, the same in every form of the request; null when it has none. */
export function idempotencyPathOf(definitions: Definitions, request: Definition): string[] | null {
  const paths = objectForms(definitions, request).map((form) => {
    const properties = propertiesOf(definitions, form);
    if ("idempotency_key" in properties) return ["idempotency_key"];
    for (const [name, schema] of Object.entries(properties)) {
      const inner = followProperty(definitions, form.file, schema as JsonObject).schema.properties;
      if (isObject(inner) && "idempotency_key" in inner) return [name, "idempotency_key"];
    }
    return null;
  });
  const [first = null] = paths;
  return paths.every((path) => path?.join() === first?.join()) ? first : null;
}
