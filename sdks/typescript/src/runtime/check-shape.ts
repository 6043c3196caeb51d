/** A type of the contract as data; the generated guards are tables of these. */
export type CheckedShape =
  | {
      kind: "string";
      const?: string;
      enum?: readonly string[];
      open?: boolean;
      format?: string;
      pattern?: string;
      minLength?: number;
      maxLength: number;
    }
  | { kind: "integer"; minimum: number; maximum: number }
  | { kind: "boolean" }
  | { kind: "json" }
  | { kind: "array"; items: CheckedShape; minItems: number; maxItems: number }
  | { kind: "map"; values: CheckedShape; keyPattern: string; keyMaxLength: number; maxProperties: number }
  | {
      kind: "object";
      open: boolean;
      required: readonly string[];
      properties: { readonly [name: string]: CheckedShape };
    }
  | { kind: "union"; open: boolean; variants: { readonly [tag: string]: string } }
  | { kind: "ref"; name: string };

export type Shapes = { readonly [type: string]: CheckedShape };

const patterns = new Map<string, RegExp>();

/** True when a value fits the type `name` of the table. */
export function fits(shapes: Shapes, name: string, value: unknown): boolean {
  const shape = shapes[name];
  return shape !== undefined && fitsShape(shapes, shape, value);
}

function fitsShape(shapes: Shapes, shape: CheckedShape, value: unknown): boolean {
  switch (shape.kind) {
    case "string":
      return typeof value === "string" && fitsString(shape, value);
    case "integer":
      return Number.isInteger(value) && Number(value) >= shape.minimum && Number(value) <= shape.maximum;
    case "boolean":
      return typeof value === "boolean";
    case "json":
      return value !== undefined;
    case "ref":
      return fits(shapes, shape.name, value);
    case "array":
      return (
        Array.isArray(value) &&
        value.length >= shape.minItems &&
        value.length <= shape.maxItems &&
        value.every((item) => fitsShape(shapes, shape.items, item))
      );
    case "map": {
      if (!isObject(value)) return false;
      const entries = Object.entries(value);
      if (entries.length > shape.maxProperties) return false;
      const key = { kind: "string", pattern: shape.keyPattern, maxLength: shape.keyMaxLength } as const;
      return entries.every(([name, item]) => fitsString(key, name) && fitsShape(shapes, shape.values, item));
    }
    case "object": {
      if (!isObject(value)) return false;
      if (!shape.required.every((name) => Object.hasOwn(value, name))) return false;
      return Object.entries(value).every(([name, item]) => {
        const field = Object.hasOwn(shape.properties, name) ? shape.properties[name] : undefined;
        return field === undefined ? shape.open : fitsShape(shapes, field, item);
      });
    }
    case "union": {
      if (!isObject(value) || typeof value.kind !== "string") return false;
      const variant = Object.hasOwn(shape.variants, value.kind) ? shape.variants[value.kind] : undefined;
      return variant === undefined ? shape.open : fits(shapes, variant, value);
    }
  }
}

function fitsString(shape: CheckedShape & { kind: "string" }, value: string): boolean {
  if (shape.const !== undefined) return value === shape.const;
  if (shape.enum !== undefined) return shape.open === true || shape.enum.includes(value);
  if (value.length > shape.maxLength && lengthOf(value) > shape.maxLength) return false;
  if (shape.minLength !== undefined && lengthOf(value) < shape.minLength) return false;
  return shape.pattern === undefined || patternOf(shape.pattern).test(value);
}

/** Characters, not UTF-16 units: what JSON Schema counts. */
function lengthOf(text: string): number {
  let length = 0;
  for (const _ of text) length += 1;
  return length;
}

function patternOf(source: string): RegExp {
  const known = patterns.get(source);
  if (known !== undefined) return known;
  const pattern = new RegExp(source, "u");
  patterns.set(source, pattern);
  return pattern;
}

function isObject(value: unknown): value is { [field: string]: unknown } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
