import type { ObjectShape, Property, Shape, StringShape, TypeDef, UnionShape } from "./contract.js";
import { lowerPlain, reach } from "./lower.js";
import { type DocumentSurface, shownOn } from "./surface-values.js";

/** A JSON object that is going to be printed. */
export type JsonObject = { [key: string]: unknown };

/**
 * How a shape becomes JSON Schema. `source` keeps the neutral authoring form with `x-open`; `relaxed` lets readers
 * meet what they do not know. What only requests use is closed in both.
 */
export interface SchemaView {
  openness: "source" | "relaxed";
  /** Where a named type lies, for example `#/components/schemas/Name`. */
  ref: (name: string) => string;
  discriminator: DiscriminatorForm;
  /** Whose document it is: fields that take one value there show it; null: the document of every surface. */
  surface: DocumentSurface | null;
  /** Who reads the schema: validators take JSON Schema as it is, generators need types that a language has. */
  readers: "validators" | "generators";
}

/**
 * How a union names the field that selects its variant: `object` is `{propertyName}` (Ajv), `mapped` adds OpenAPI's
 * `mapping`, which Ajv refuses, and `name` is AsyncAPI's plain string, whose field must be declared and required
 * beside it.
 */
export type DiscriminatorForm = "object" | "mapped" | "name";

/** Lowers a shape; descriptions of properties stand beside their `$ref`. */
export function schemaOf(shape: Shape, view: SchemaView): JsonObject {
  switch (shape.kind) {
    case "string":
      return stringSchema(shape, view);
    case "object":
      return objectSchema(shape, view);
    case "union":
      return {
        type: "object",
        ...discriminatorOf(shape, view),
        oneOf: shape.variants.map((variant) => ({ $ref: view.ref(variant.type) })),
        ...(shape.open ? { "x-open": true } : {}),
      };
    case "ref":
      return { $ref: view.ref(shape.name) };
    case "integer":
      return { ...lowerPlain(shape, (inner) => schemaOf(inner, view)), ...widthOf(shape, view) };
    default:
      return lowerPlain(shape, (inner) => schemaOf(inner, view));
  }
}

/** Generators take an integer without a format for one of 32 bits, and overflow on the first bigger number. */
function widthOf({ minimum, maximum }: { minimum: number; maximum: number }, view: SchemaView): JsonObject {
  if (view.readers === "validators") return {};
  return { format: minimum >= -(2 ** 31) && maximum < 2 ** 31 ? "int32" : "int64" };
}

/** Lowers a property with its description and default. */
export function propertySchema(property: Property, view: SchemaView): JsonObject {
  const { description, ...examples } = shownOn(property, view.surface);
  return {
    ...(description === "" ? {} : { description }),
    ...schemaOf(property.shape, view),
    ...examples,
    ...(property.default === undefined ? {} : { default: property.default }),
  };
}

/** Lowers a named type with its description. */
export function typeSchema(type: TypeDef, view: SchemaView): JsonObject {
  return { description: type.description, ...schemaOf(type.shape, view) };
}

function stringSchema(shape: StringShape, view: SchemaView): JsonObject {
  if (shape.const !== undefined) return { type: "string", const: shape.const };
  if (shape.enum) {
    const known = { type: "string", enum: shape.enum };
    if (!shape.open) return known;
    if (view.openness === "source") return { ...known, "x-open": true };
    // An `enum`, alone or below `anyOf`, becomes a type whose decoding fails on a value that only a newer daemon knows.
    if (view.readers === "generators") return { type: "string", "x-extensible-enum": shape.enum };
    return { anyOf: [known, { type: "string" }] };
  }
  // Generated clients turn a date-time into an instant, and match the pattern against their own text of it.
  const dated = view.readers === "generators" && shape.format === "date-time";
  return {
    type: "string",
    ...(shape.format ? { format: shape.format } : {}),
    ...(shape.pattern === undefined || dated ? {} : { pattern: shape.pattern }),
    ...(shape.minLength ? { minLength: shape.minLength } : {}),
    maxLength: shape.maxLength,
  };
}

function discriminatorOf(shape: UnionShape, view: SchemaView): JsonObject {
  const propertyName = shape.discriminator;
  switch (view.discriminator) {
    case "object":
      return { discriminator: { propertyName } };
    case "mapped": {
      const mapping = Object.fromEntries(shape.variants.map((v) => [v.tag, view.ref(v.type)]));
      return { discriminator: { propertyName, mapping } };
    }
    case "name":
      return {
        discriminator: propertyName,
        properties: { [propertyName]: { type: "string" } },
        required: [propertyName],
      };
  }
}

function objectSchema(shape: ObjectShape, view: SchemaView): JsonObject {
  const relaxed = shape.open && view.openness === "relaxed";
  const required = shape.properties.filter((property) => property.required).map((property) => property.name);
  return {
    type: "object",
    ...(relaxed ? {} : { additionalProperties: false }),
    properties: Object.fromEntries(shape.properties.map((p) => [p.name, propertySchema(p, view)])),
    ...(required.length > 0 ? { required } : {}),
    ...(shape.open && view.openness === "source" ? { "x-open": true } : {}),
  };
}

/** Follows aliases (`CommsSendRequest` is `CommsCommand`) to the type that has a shape of its own. */
export function resolveType(types: ReadonlyMap<string, TypeDef>, name: string): TypeDef {
  const type = types.get(name);
  if (!type) throw new Error(`the contract has no type ${name}; the loader should have refused the schemas`);
  return type.shape.kind === "ref" ? resolveType(types, type.shape.name) : type;
}

/** Every named type that is needed to describe the given ones, themselves included; aliases are left out. */
export function reachable(types: ReadonlyMap<string, TypeDef>, names: Iterable<string>): Set<string> {
  const all = new Set([...names].flatMap((name) => reach(types, name)));
  return new Set([...all].filter((name) => resolveType(types, name).name === name));
}
