import type { ObjectShape, Shape, StringShape, TypeDef } from "./contract.js";
import { resolveShape } from "./lower.js";

/** Says where a value does not fit a shape (a JSON pointer and a reason), null when it fits. Strict: for examples and defaults. */
export function checkValue(
  types: ReadonlyMap<string, TypeDef>,
  shape: Shape,
  value: unknown,
  pointer = "",
): { pointer: string; text: string } | null {
  const real = resolveShape(types, shape);
  const wrong = (text: string): { pointer: string; text: string } => ({ pointer, text });
  switch (real.kind) {
    case "json":
      return null;
    case "boolean":
      return typeof value === "boolean" ? null : wrong("is not a boolean");
    case "integer":
      if (!Number.isSafeInteger(value)) return wrong("is not an integer");
      return Number(value) >= real.minimum && Number(value) <= real.maximum
        ? null
        : wrong(`is outside ${real.minimum}..${real.maximum}`);
    case "string":
      return typeof value === "string" ? checkString(real, value, pointer) : wrong("is not a string");
    case "array":
      if (!Array.isArray(value)) return wrong("is not an array");
      if (value.length < real.minItems || value.length > real.maxItems)
        return wrong(`has not ${real.minItems} to ${real.maxItems} items`);
      return first(value.map((item, index) => checkValue(types, real.items, item, `${pointer}/${index}`)));
    case "map": {
      if (!isPlain(value)) return wrong("is not an object");
      const keys = new RegExp(real.keyPattern, "u");
      const bad = Object.keys(value).find((key) => !keys.test(key));
      if (bad !== undefined) return wrong(`has the key "${bad}", which does not match ${real.keyPattern}`);
      return first(
        Object.entries(value).map(([key, item]) => checkValue(types, real.values, item, `${pointer}/${key}`)),
      );
    }
    case "object":
      return isPlain(value) ? checkObject(types, real, value, pointer) : wrong("is not an object");
    case "union": {
      if (!isPlain(value)) return wrong("is not an object");
      const variant = real.variants.find(({ tag }) => tag === value[real.discriminator]);
      if (variant === undefined)
        return wrong(`has none of the kinds ${real.variants.map(({ tag }) => tag).join(", ")}`);
      return checkValue(types, { kind: "ref", name: variant.type }, value, pointer);
    }
    default:
      return null;
  }
}

/** The same for a text and a shape that is not a reference. */
export function checkString(
  shape: StringShape,
  value: string,
  pointer = "",
): { pointer: string; text: string } | null {
  const length = [...value].length;
  if (shape.const !== undefined && value !== shape.const) return { pointer, text: `is not "${shape.const}"` };
  if (shape.enum !== undefined && !shape.enum.includes(value))
    return { pointer, text: `is not one of ${shape.enum.join(", ")}` };
  if (length < (shape.minLength ?? 0) || length > shape.maxLength)
    return { pointer, text: `has not ${shape.minLength ?? 0} to ${shape.maxLength} characters` };
  if (shape.pattern !== undefined && !new RegExp(shape.pattern, "u").test(value))
    return { pointer, text: `does not match ${shape.pattern}` };
  return null;
}

function checkObject(
  types: ReadonlyMap<string, TypeDef>,
  shape: ObjectShape,
  value: Record<string, unknown>,
  pointer: string,
): { pointer: string; text: string } | null {
  const known = new Map(shape.properties.map((property) => [property.name, property]));
  const extra = Object.keys(value).find((name) => !known.has(name));
  if (extra !== undefined) return { pointer, text: `has the unknown field "${extra}"` };
  const missing = shape.properties.find(({ name, required }) => required && !Object.hasOwn(value, name));
  if (missing !== undefined) return { pointer, text: `lacks the field "${missing.name}"` };
  return first(
    shape.properties.map(({ name, shape: inner }) =>
      Object.hasOwn(value, name) ? checkValue(types, inner, value[name], `${pointer}/${name}`) : null,
    ),
  );
}

function first<T>(results: (T | null)[]): T | null {
  return results.find((result) => result !== null) ?? null;
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
