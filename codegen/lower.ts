import type { Contract, ObjectShape, Property, Shape, StringShape, TypeDef, UnionShape } from "./contract.js";
import { type DocumentSurface, shownOn } from "./surface-values.js";

/** `request` is strict and has defaults; `response` lets through what x-open allows newer peers to send. */
export type View = "request" | "response";

/** A JSON Schema object of a lowered view. */
export type Schema = { [keyword: string]: unknown };

/** Most characters of a value, or of a variant's tag, that only a newer peer knows. */
export const unknownMaxLength = 256;

/** What a lowering decides for itself. */
export interface Lowering {
  view: View;
  /** Schema in place of a reference. */
  ref(name: string): Schema;
  /** Carry descriptions and examples, as the document of this surface shows them. */
  describedFor?: DocumentSurface;
}

/** Lowers a shape to JSON Schema 2020-12 as ajv takes it in strict mode: `discriminator` without mapping, no `format`. */
export function lowerShape(shape: Shape, lowering: Lowering): Schema {
  switch (shape.kind) {
    case "string":
      return lowerString(shape, lowering);
    case "object":
      return lowerObject(shape, lowering);
    case "union":
      return lowerUnion(shape, lowering);
    case "ref":
      return lowering.ref(shape.name);
    default:
      return lowerPlain(shape, (inner) => lowerShape(inner, lowering));
  }
}

/** Lowers what every reader takes alike; strings, objects, unions and references differ between them. */
export function lowerPlain(
  shape: Exclude<Shape, { kind: "string" | "object" | "union" | "ref" }>,
  lower: (inner: Shape) => Schema,
): Schema {
  switch (shape.kind) {
    case "integer":
      return { type: "integer", minimum: shape.minimum, maximum: shape.maximum };
    case "boolean":
      return { type: "boolean" };
    case "json":
      return {};
    case "array":
      return {
        type: "array",
        items: lower(shape.items),
        ...(shape.minItems > 0 ? { minItems: shape.minItems } : {}),
        maxItems: shape.maxItems,
      };
    case "map":
      return {
        type: "object",
        additionalProperties: lower(shape.values),
        propertyNames: { type: "string", pattern: shape.keyPattern, maxLength: shape.keyMaxLength },
        maxProperties: shape.maxProperties,
      };
  }
}

function lowerString(shape: StringShape, { view }: Lowering): Schema {
  if (shape.const !== undefined) return { type: "string", const: shape.const };
  if (shape.enum !== undefined && !(shape.open === true && view === "response"))
    return { type: "string", enum: shape.enum };
  return {
    type: "string",
    ...(shape.pattern === undefined ? {} : { pattern: shape.pattern }),
    ...(shape.minLength === undefined ? {} : { minLength: shape.minLength }),
    // A value that only a newer peer knows may be longer than those known here.
    ...(shape.enum === undefined ? { maxLength: shape.maxLength } : { maxLength: unknownMaxLength }),
  };
}

function lowerObject(shape: ObjectShape, lowering: Lowering): Schema {
  const properties: Schema = {};
  for (const property of shape.properties) {
    const { name, shape: inner, default: value } = property;
    const { description, ...examples } = shownOn(property, lowering.describedFor ?? null);
    properties[name] = {
      ...lowerShape(inner, lowering),
      ...(lowering.describedFor !== undefined && description !== "" ? { description, ...examples } : {}),
      ...(value !== undefined && lowering.view === "request" ? { default: value } : {}),
    };
  }
  const required = shape.properties.filter((property) => property.required).map(({ name }) => name);
  return {
    type: "object",
    ...(shape.open && lowering.view === "response" ? {} : { additionalProperties: false }),
    properties,
    ...(required.length > 0 ? { required } : {}),
  };
}

function lowerUnion(shape: UnionShape, lowering: Lowering): Schema {
  const known = shape.variants.map(({ type }) => lowering.ref(type));
  if (!shape.open || lowering.view === "request")
    return { type: "object", discriminator: { propertyName: shape.discriminator }, oneOf: known };
  const tags = shape.variants.map(({ tag }) => tag);
  const unknown = { properties: { [shape.discriminator]: { not: { enum: tags } } } };
  return {
    type: "object",
    properties: { [shape.discriminator]: { type: "string", maxLength: unknownMaxLength } },
    required: [shape.discriminator],
    oneOf: [...known, unknown],
  };
}

/** Names of the types that a type reaches, itself included, sorted. */
export function reach(types: ReadonlyMap<string, TypeDef>, name: string): string[] {
  const seen = new Set<string>();
  const visit = (next: string): void => {
    if (seen.has(next)) return;
    seen.add(next);
    const shape = types.get(next)?.shape;
    if (shape !== undefined) for (const inner of refsOf(shape)) visit(inner);
  };
  visit(name);
  return [...seen].sort();
}

/** Names that a shape refers to directly. */
export function refsOf(shape: Shape): string[] {
  switch (shape.kind) {
    case "ref":
      return [shape.name];
    case "array":
      return refsOf(shape.items);
    case "map":
      return refsOf(shape.values);
    case "object":
      return shape.properties.flatMap((property) => refsOf(property.shape));
    case "union":
      return shape.variants.map(({ type }) => type);
    default:
      return [];
  }
}

/** The contract's types by name. */
export function typeMap({ types }: Contract): ReadonlyMap<string, TypeDef> {
  return new Map(types.map((type) => [type.name, type]));
}

/** The fields of a request: an object's, or those of a union's variants, each name once. */
export function requestFields(types: ReadonlyMap<string, TypeDef>, request: string): Property[] {
  const shape = resolveShape(types, { kind: "ref", name: request });
  if (shape.kind === "object") return shape.properties;
  if (shape.kind !== "union") return [];
  const fields = shape.variants.flatMap(({ type }) => requestFields(types, type));
  return fields.filter(({ name }, index) => fields.findIndex((other) => other.name === name) === index);
}

/** The shape of a type with aliases followed. */
export function resolveShape(types: ReadonlyMap<string, TypeDef>, shape: Shape): Shape {
  if (shape.kind !== "ref") return shape;
  const target = types.get(shape.name);
  if (target === undefined) throw new Error(`no type ${shape.name}`);
  return resolveShape(types, target.shape);
}
