import type { Property, Shape, StringShape } from "./contract.js";
import { type Definitions, resolveRef } from "./refs.js";
import { isObject, type JsonObject, type SchemaFile } from "./source.js";
import type { SurfaceValues } from "./surface-values.js";

/** Turns a linted schema into its shape. */
export function toShape(definitions: Definitions, file: SchemaFile, schema: JsonObject): Shape {
  const shape = (value: unknown): Shape => toShape(definitions, file, value as JsonObject);
  if (typeof schema.$ref === "string")
    return { kind: "ref", name: resolveRef(definitions, file, schema.$ref).name };
  if (Array.isArray(schema.oneOf)) return toUnion(definitions, file, schema);
  switch (schema.type) {
    case "string":
      return toStringShape(schema);
    case "integer":
      return { kind: "integer", minimum: Number(schema.minimum), maximum: Number(schema.maximum) };
    case "boolean":
      return { kind: "boolean" };
    case "array":
      return {
        kind: "array",
        items: shape(schema.items),
        minItems: Number(schema.minItems ?? 0),
        maxItems: Number(schema.maxItems),
      };
    case "object":
      if (isObject(schema.additionalProperties)) {
        const keys = schema.propertyNames as JsonObject;
        return {
          kind: "map",
          values: shape(schema.additionalProperties),
          keyPattern: String(keys.pattern),
          keyMaxLength: Number(keys.maxLength),
          maxProperties: Number(schema.maxProperties),
        };
      }
      return {
        kind: "object",
        properties: toProperties(definitions, file, schema),
        open: schema["x-open"] === true,
      };
    default:
      return { kind: "json" };
  }
}

function toUnion(definitions: Definitions, file: SchemaFile, schema: JsonObject): Shape {
  const variants = (schema.oneOf as JsonObject[]).map((arm) => {
    const variant = resolveRef(definitions, file, String(arm.$ref));
    const kind = (variant.schema.properties as JsonObject).kind as JsonObject;
    return { tag: String(kind.const), type: variant.name };
  });
  return { kind: "union", discriminator: "kind", variants, open: schema["x-open"] === true };
}

function toStringShape(schema: JsonObject): StringShape {
  const literals =
    schema.const !== undefined ? [schema.const] : ((schema.enum as string[] | undefined) ?? []);
  const longest = Math.max(0, ...literals.map((literal) => String(literal).length));
  return {
    kind: "string",
    ...(schema.const === undefined ? {} : { const: String(schema.const) }),
    ...(schema.enum === undefined ? {} : { enum: schema.enum as string[] }),
    ...(schema["x-open"] === true ? { open: true } : {}),
    ...(schema.format === undefined ? {} : { format: schema.format as "uuid" | "date-time" }),
    ...(schema.pattern === undefined ? {} : { pattern: String(schema.pattern) }),
    ...(schema.minLength === undefined ? {} : { minLength: Number(schema.minLength) }),
    maxLength: Number(schema.maxLength ?? longest),
  };
}

function toProperties(definitions: Definitions, file: SchemaFile, schema: JsonObject): Property[] {
  const required = new Set(schema.required as string[]);
  return Object.entries((schema.properties ?? {}) as JsonObject).map(([name, value]) => {
    const property = value as JsonObject;
    return {
      name,
      description: describe(definitions, file, property),
      required: required.has(name),
      shape: toShape(definitions, file, property),
      ...(property.default === undefined ? {} : { default: property.default }),
      ...(property["x-surfaces"] === undefined
        ? {}
        : { surfaceValues: property["x-surfaces"] as SurfaceValues }),
    };
  });
}

/** A reference without words of its own is described by what it names. */
function describe(definitions: Definitions, file: SchemaFile, schema: JsonObject): string {
  if (typeof schema.description === "string") return schema.description;
  if (typeof schema.$ref !== "string") return "";
  const target = resolveRef(definitions, file, schema.$ref);
  return describe(definitions, target.file, target.schema);
}
