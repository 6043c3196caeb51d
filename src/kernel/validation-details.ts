import type { ErrorObject } from "ajv";
import { maxErrors } from "./ajv-options.js";
import type { DetailIssue, ErrorDetail } from "./contract-error.js";
import { expectedType, jsonType } from "./json.js";
import { patternDetail } from "./pattern-rules.js";

interface Schema {
  $ref?: string;
  $defs?: Record<string, Schema>;
  type?: string;
  const?: unknown;
  enum?: unknown[];
  properties?: Record<string, Schema>;
  items?: Schema;
  additionalProperties?: Schema | boolean;
  oneOf?: Schema[];
  discriminator?: { propertyName: string };
  minimum?: number;
  maximum?: number;
}

/** ajv's errors as the contract tells them: dotted fields, our issues, sorted by (field, issue), each once. */
export function toDetails(errors: readonly ErrorObject[], value: unknown, schema: object): ErrorDetail[] {
  const root = schema as Schema;
  const details = new Map<string, ErrorDetail>();
  const wrongType = new Set<string>();
  for (const error of errors.slice(0, maxErrors)) {
    const detail = toDetail(error, value, root);
    if (detail === null) {
      continue;
    }
    if (detail.issue === "wrong_type") {
      wrongType.add(detail.field);
    }
    details.set(`${detail.field}\0${detail.issue}`, detail);
  }
  return [...details.values()]
    .filter((detail) => detail.issue === "wrong_type" || !wrongType.has(detail.field))
    .sort((a, b) => compare(a.field, b.field) || compare(a.issue, b.issue));
}

/** The detail of a value that is missing or has another type than the expected one. */
export function typeDetail(field: string, expected: string, value: unknown): ErrorDetail {
  const issue = value === undefined ? "missing_field" : "wrong_type";
  return { field, issue, expected: expectedType(expected, value), got: jsonType(value) };
}

function toDetail(error: ErrorObject, root: unknown, rootSchema: Schema): ErrorDetail | null {
  const place = locate(error.instancePath, root, rootSchema);
  const { value, schema } = place;
  const params = error.params as Record<string, unknown>;
  const make = (issue: DetailIssue, expected: string, got: string, child?: string): ErrorDetail => ({
    field: child === undefined ? place.field : join(place.field, child),
    issue,
    expected,
    got,
  });
  // A key of a map failed: the error's value is the key itself, its place the map.
  const key = error.propertyName;
  const subject = key ?? value;
  switch (error.keyword) {
    case "required": {
      const missing = String(params.missingProperty);
      return make(
        "missing_field",
        describe(follow(schema?.properties?.[missing], rootSchema)),
        "absent",
        missing,
      );
    }
    case "additionalProperties": {
      const extra = String(params.additionalProperty);
      const issue = place.siblings.some((sibling) => Object.hasOwn(sibling.properties ?? {}, extra))
        ? "forbidden_field"
        : "unknown_field";
      return make(issue, "absent", jsonType((value as Record<string, unknown>)[extra]), extra);
    }
    case "discriminator": {
      const tag = place.union?.discriminator?.propertyName ?? "kind";
      const given = Object.hasOwn(value as object, tag) ? (value as Record<string, unknown>)[tag] : undefined;
      const expected = `one of: ${tags(place.union, rootSchema, tag).join(", ")}`;
      if (given === undefined) {
        return make("missing_field", expected, "absent", tag);
      }
      return typeof given === "string"
        ? make("unknown_kind", expected, shorten(given), tag)
        : make("wrong_type", "string", jsonType(given), tag);
    }
    case "type":
      return make("wrong_type", expectedType(String(params.type), value), jsonType(value));
    case "enum":
      return make(
        "invalid_value",
        `one of: ${(params.allowedValues as unknown[]).join(", ")}`,
        shorten(subject),
      );
    case "const":
      return make("invalid_value", String(params.allowedValue), shorten(subject));
    case "pattern":
      return patternDetail(
        key === undefined ? place.field : join(place.field, key),
        String(params.pattern),
        String(subject),
      );
    case "maxLength":
      return make("too_long", `at most ${String(params.limit)} characters`, count(subject), key);
    case "maxItems":
      return make("too_long", `at most ${String(params.limit)} items`, count(value));
    case "maxProperties":
      return make("too_long", `at most ${String(params.limit)} entries`, count(value));
    case "minLength":
      return make("out_of_range", `at least ${String(params.limit)} characters`, count(subject), key);
    case "minItems":
      return make("out_of_range", `at least ${String(params.limit)} items`, count(value));
    case "minProperties":
      return make("out_of_range", `at least ${String(params.limit)} entries`, count(value));
    case "minimum":
    case "maximum":
      return make("out_of_range", `${schema?.minimum ?? "-"} to ${schema?.maximum ?? "-"}`, String(value));
    case "propertyNames":
      return null;
    default:
      return make("invalid_value", error.keyword, shorten(value));
  }
}

interface Place {
  field: string;
  value: unknown;
  /** The schema at this place, references followed and the variant chosen. */
  schema: Schema | undefined;
  union: Schema | undefined;
  /** The other variants when the schema is one of a union. */
  siblings: Schema[];
}

/** Walks value and schema together; only done for values that failed, so its cost does not matter. */
function locate(pointer: string, root: unknown, rootSchema: Schema): Place {
  let place = enter("", root, rootSchema, rootSchema);
  for (const part of pointer.split("/").slice(1)) {
    const token = part.replaceAll("~1", "/").replaceAll("~0", "~");
    const { value, schema } = place;
    if (Array.isArray(value)) {
      place = enter(`${place.field}[${token}]`, value[Number(token)], schema?.items, rootSchema);
    } else {
      const open = typeof schema?.additionalProperties === "object" ? schema.additionalProperties : undefined;
      const own = schema?.properties;
      const next = own !== undefined && Object.hasOwn(own, token) ? own[token] : open;
      place = enter(join(place.field, token), (value as Record<string, unknown>)?.[token], next, rootSchema);
    }
  }
  return place;
}

function enter(field: string, value: unknown, schema: Schema | undefined, root: Schema): Place {
  const here = follow(schema, root);
  if (here?.oneOf === undefined || here.discriminator === undefined) {
    return { field, value, schema: here, union: undefined, siblings: [] };
  }
  const tag = here.discriminator.propertyName;
  const given = (value as Record<string, unknown> | null | undefined)?.[tag];
  const variants = here.oneOf.map((variant) => follow(variant, root)!);
  const chosen = variants.find((variant) => variant.properties?.[tag]?.const === given);
  return {
    field,
    value,
    schema: chosen,
    union: here,
    siblings: variants.filter((variant) => variant !== chosen),
  };
}

function follow(schema: Schema | undefined, root: Schema): Schema | undefined {
  let here = schema;
  while (here?.$ref !== undefined) {
    here = here.$ref === "#" ? root : root.$defs?.[here.$ref.replace("#/$defs/", "")];
  }
  return here;
}

function tags(union: Schema | undefined, root: Schema, tag: string): string[] {
  return (union?.oneOf ?? []).map((variant) => String(follow(variant, root)?.properties?.[tag]?.const));
}

function describe(schema: Schema | undefined): string {
  if (schema?.const !== undefined) {
    return String(schema.const);
  }
  if (schema?.enum !== undefined) {
    return `one of: ${schema.enum.join(", ")}`;
  }
  return schema?.type ?? (schema?.oneOf === undefined ? "any JSON value" : "object");
}

function join(field: string, child: string): string {
  return field === "" ? child : `${field}.${child}`;
}

function shorten(value: unknown): string {
  const text = typeof value === "string" ? value : jsonType(value) === "object" ? "object" : String(value);
  return text.length > 64 ? `${text.slice(0, 61).toWellFormed()}...` : text;
}

function count(value: unknown): string {
  if (typeof value === "string") {
    let characters = 0;
    for (const _ of value) characters += 1;
    return `${characters} characters`;
  }
  return Array.isArray(value) ? `${value.length} items` : `${Object.keys(value as object).length} entries`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
