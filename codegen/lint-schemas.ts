import type { Finding } from "./lint.js";
import { lintCycles, lintNames } from "./lint-names.js";
import { checkPattern } from "./pattern.js";
import { type Definition, type Definitions, refTarget } from "./refs.js";
import { isObject, type Json, type JsonObject, type SchemaFile } from "./source.js";
import { documentSurfaces } from "./surface-values.js";

/** Keywords that are refused, with what to write instead. */
const refused: ReadonlyMap<string, readonly [rule: string, instead: string]> = new Map([
  ["anyOf", ["any-of", "write `oneOf` with a discriminator, or one type"]],
  ["allOf", ["all-of", "there is no inheritance; write the fields out"]],
  ["prefixItems", ["tuple", "there are no tuples; write an object with named fields"]],
  ["items", ["tuple", "only arrays have items"]],
  ["if", ["conditional", "write a union that discriminates on `kind`"]],
  ["then", ["conditional", "write a union that discriminates on `kind`"]],
  ["else", ["conditional", "write a union that discriminates on `kind`"]],
  ["dependentRequired", ["conditional", "write a union that discriminates on `kind`"]],
  ["dependentSchemas", ["conditional", "write a union that discriminates on `kind`"]],
  [
    "patternProperties",
    ["map-form", "write `additionalProperties` with `propertyNames` and `maxProperties`"],
  ],
  ["not", ["negation", "say what is allowed"]],
  ["$dynamicRef", ["dynamic-ref", "write `$ref` to a named schema"]],
  ["$dynamicAnchor", ["dynamic-ref", "write `$ref` to a named schema"]],
  ["unevaluatedProperties", ["unevaluated", "write `additionalProperties: false`"]],
  ["unevaluatedItems", ["unevaluated", "write `items`"]],
  ["uniqueItems", ["unique-items", "it costs quadratic time; let the handler refuse repeats"]],
  ["nullable", ["nullable", "absent is the only way to say nothing; leave the field out of `required`"]],
]);

const allowed: Readonly<Record<string, readonly string[]>> = {
  ref: ["$ref", "description", "default", "x-surfaces"],
  union: ["description", "type", "discriminator", "oneOf", "x-open"],
  string: [
    "type",
    "description",
    "const",
    "enum",
    "format",
    "pattern",
    "minLength",
    "maxLength",
    "default",
    "x-open",
  ],
  integer: ["type", "description", "minimum", "maximum", "default"],
  boolean: ["type", "description", "default"],
  array: ["type", "description", "items", "minItems", "maxItems", "default"],
  object: ["type", "description", "properties", "required", "additionalProperties", "x-open"],
  map: ["type", "description", "additionalProperties", "propertyNames", "maxProperties", "default"],
};

const safe = Number.MAX_SAFE_INTEGER;

/** Checks every named schema against the authoring subset. */
export function lintSchemas(files: SchemaFile[], definitions: Definitions): Finding[] {
  const findings: Finding[] = [];
  const report = (rule: string, file: string, pointer: string, text: string): void => {
    findings.push({ rule, file, pointer, text });
  };
  for (const file of files) {
    const defs = isObject(file.json.$defs) ? file.json.$defs : {};
    for (const [key, schema] of Object.entries(defs)) {
      const visit = new Visit(file, definitions, report);
      visit.definition(key, schema);
    }
  }
  return [...findings, ...lintNames(definitions), ...lintCycles(definitions)];
}

type Report = (rule: string, file: string, pointer: string, text: string) => void;

class Visit {
  readonly #file: SchemaFile;
  readonly #definitions: Definitions;
  readonly #report: Report;

  constructor(file: SchemaFile, definitions: Definitions, report: Report) {
    this.#file = file;
    this.#definitions = definitions;
    this.#report = report;
  }

  definition(key: string, schema: Json): void {
    const pointer = `/$defs/${key}`;
    if (!/^[A-Z][A-Za-z0-9]*$/.test(key)) this.#say("def-name", pointer, "is not PascalCase; rename it");
    const description = isObject(schema) && schema.description === undefined && schema.$ref === undefined;
    if (description) this.#say("description", pointer, "has no `description`; write one sentence");
    const empty = isObject(schema) && Object.keys(schema).every((name) => name === "description");
    if (empty && key === "JsonValue" && this.#file.folder === "common") return;
    this.#schema(schema, pointer);
  }

  #say(rule: string, pointer: string, text: string): void {
    this.#report(rule, this.#file.path, pointer, text);
  }

  #schema(schema: Json | undefined, pointer: string): void {
    if (!isObject(schema)) {
      this.#say(
        "schema-object",
        pointer,
        "is not a schema object; write one, or `$ref` JsonValue for any JSON",
      );
      return;
    }
    const form = this.#form(schema, pointer);
    if (form === null) return;
    this.#keywords(schema, form, pointer);
    if (form === "ref") this.#ref(String(schema.$ref), pointer);
    else if (form === "union") this.#union(schema, pointer);
    else if (form === "string") this.#string(schema, pointer);
    else if (form === "integer")
      this.#bounds("integer-bounds", schema, pointer, "minimum", "maximum", -safe, true);
    else if (form === "array") {
      this.#bounds("array-max", schema, pointer, "minItems", "maxItems", 0, false);
      this.#schema(schema.items, `${pointer}/items`);
    } else if (form === "object") this.#object(schema, pointer);
    else if (form === "map") this.#map(schema, pointer);
    this.#open(schema, form, pointer);
  }

  #form(schema: JsonObject, pointer: string): string | null {
    if (schema.$ref !== undefined) return "ref";
    if (schema.oneOf !== undefined || schema.discriminator !== undefined) return "union";
    const type = schema.type;
    if (Array.isArray(type) && type.includes("null")) {
      this.#say(
        "nullable",
        pointer,
        "allows null; absent is the only way to say nothing, so leave the field out of `required`",
      );
      return null;
    }
    if (type === "object") return isObject(schema.additionalProperties) ? "map" : "object";
    if (typeof type === "string" && type in allowed) return type;
    if (Object.keys(schema).every((name) => name === "description"))
      this.#say("json-value", pointer, "takes any JSON; write `$ref` to JsonValue of common");
    else
      this.#say(
        "type",
        pointer,
        "has no type of the subset; write string, integer, boolean, array or object (bigger or fractional numbers are decimal strings)",
      );
    return null;
  }

  #keywords(schema: JsonObject, form: string, pointer: string): void {
    for (const keyword of Object.keys(schema)) {
      if (allowed[form]?.includes(keyword)) continue;
      const [rule, instead] = refused.get(keyword) ?? [
        "keyword",
        `the form "${form}" has only ${allowed[form]?.join(", ")}`,
      ];
      const sibling = form === "ref" ? "ref-siblings" : rule;
      this.#say(sibling, `${pointer}/${keyword}`, `\`${keyword}\` is outside the subset; ${instead}`);
    }
  }

  #ref(ref: string, pointer: string): void {
    if (/^[a-z][a-z0-9+.-]*:|^\//i.test(ref)) {
      this.#say("ref-remote", pointer, `"${ref}" lies outside the contract; copy the schema into types.json`);
      return;
    }
    const target = this.#definitions.get(refTarget(this.#file, ref));
    if (target === undefined)
      this.#say("ref-target", pointer, `"${ref}" names nothing; write a path that exists`);
    else if (target.file.folder !== "common" && target.file.folder !== this.#file.folder)
      this.#say(
        "ref-plane",
        pointer,
        `"${ref}" is another plane's; move the schema to common or write it out`,
      );
  }

  #union(schema: JsonObject, pointer: string): void {
    const discriminator = isObject(schema.discriminator) ? schema.discriminator : {};
    if (discriminator.mapping !== undefined)
      this.#say(
        "union-mapping",
        `${pointer}/discriminator`,
        "has a `mapping`; remove it, the emitters that need one make it",
      );
    const formed =
      schema.type === "object" && discriminator.propertyName === "kind" && Array.isArray(schema.oneOf);
    if (!formed) {
      this.#say(
        "union-form",
        pointer,
        'write a union as `type: object`, `discriminator: {propertyName: "kind"}` and `oneOf`',
      );
      return;
    }
    const tags = new Set<string>();
    for (const [index, arm] of (schema.oneOf as Json[]).entries())
      this.#variant(arm, `${pointer}/oneOf/${index}`, tags);
  }

  #variant(arm: Json, pointer: string, tags: Set<string>): void {
    if (!isObject(arm) || typeof arm.$ref !== "string" || Object.keys(arm).length > 1) {
      this.#say(
        "union-arm",
        pointer,
        "is not just a `$ref`; give the variant a name in `$defs` and refer to it",
      );
      return;
    }
    this.#ref(arm.$ref, pointer);
    const target = this.#definitions.get(refTarget(this.#file, arm.$ref));
    if (target === undefined) return;
    if (target.schema.oneOf !== undefined || target.schema.$ref !== undefined) {
      this.#say("union-nested", pointer, `${target.name} is a union or an alias; list its variants here`);
      return;
    }
    const tag = tagOf(target);
    if (tag === null)
      this.#say(
        "union-variant",
        pointer,
        `${target.name} is no closed object with a required \`kind\` const; write it so`,
      );
    else if (tags.has(tag)) this.#say("union-tags", pointer, `the kind "${tag}" occurs twice; rename one`);
    else tags.add(tag);
  }

  #string(schema: JsonObject, pointer: string): void {
    if (schema.format !== undefined) {
      if (schema.format !== "uuid" && schema.format !== "date-time")
        this.#say(
          "format-name",
          pointer,
          `the format "${schema.format}" is unknown here; write uuid, date-time or only a pattern`,
        );
      if (schema.pattern === undefined)
        this.#say(
          "format-pattern",
          pointer,
          "has a `format` without a `pattern`; write both, readers differ on formats",
        );
    }
    if (schema.pattern !== undefined) {
      const problem = checkPattern(String(schema.pattern));
      if (problem !== null) this.#say(problem.rule, `${pointer}/pattern`, problem.text);
    }
    const listed = schema.const !== undefined || schema.enum !== undefined;
    if (listed) this.#literals(schema, pointer);
    else this.#bounds("string-max", schema, pointer, "minLength", "maxLength", 0, false);
  }

  #literals(schema: JsonObject, pointer: string): void {
    const values = schema.enum ?? [schema.const as Json];
    const strings =
      Array.isArray(values) && values.length > 0 && values.every((value) => typeof value === "string");
    if (!strings || new Set(values as string[]).size !== (values as string[]).length)
      this.#say("enum-values", pointer, "lists no distinct strings; write each value once, as a string");
    const narrowed = ["pattern", "minLength", "maxLength", "format"].find((key) => schema[key] !== undefined);
    if (narrowed !== undefined || (schema.const !== undefined && schema.enum !== undefined))
      this.#say(
        "enum-alone",
        pointer,
        `lists its values and narrows them by \`${narrowed ?? "const"}\`; list what is allowed and no more`,
      );
  }

  #bounds(
    rule: string,
    schema: JsonObject,
    pointer: string,
    low: string,
    high: string,
    least: number,
    both: boolean,
  ): void {
    const from = schema[low] ?? (both ? undefined : least);
    const to = schema[high];
    const fits = (bound: Json | undefined): bound is number =>
      Number.isSafeInteger(bound) && Number(bound) >= least;
    if (!fits(from) || !fits(to))
      this.#say(
        rule,
        pointer,
        both
          ? `needs \`${low}\` and \`${high}\` within +-(2^53-1)`
          : `needs \`${high}\`, an integer from ${least} to 2^53-1`,
      );
    else if (from > to) this.#say("bounds-order", pointer, `\`${low}\` is above \`${high}\`; swap them`);
  }

  #object(schema: JsonObject, pointer: string): void {
    if (schema.additionalProperties !== false)
      this.#say(
        "closed-object",
        pointer,
        "is not closed; write `additionalProperties: false` (openness is `x-open: true`)",
      );
    const properties = isObject(schema.properties) ? schema.properties : {};
    const required = Array.isArray(schema.required) ? schema.required : null;
    if (
      required === null ||
      required.some((name) => !(String(name) in properties)) ||
      new Set(required).size !== required.length
    )
      this.#say(
        "required-list",
        pointer,
        "needs a `required` list of its own fields, each once (empty when none is)",
      );
    for (const [name, property] of Object.entries(properties))
      this.#property(name, property, required ?? [], pointer);
  }

  #property(name: string, property: Json, required: Json[], pointer: string): void {
    const place = `${pointer}/properties/${name}`;
    if (!/^[a-z][a-z0-9]*(?:_[a-z0-9]+)*$/.test(name))
      this.#say("snake-case", place, `"${name}" is not snake_case; rename it`);
    if (isObject(property)) {
      if (property.description === undefined && property.$ref === undefined)
        this.#say("description", place, "has no `description`; write one sentence");
      if (property.default !== undefined && required.includes(name))
        this.#say(
          "default-optional",
          place,
          "has a `default` although it is required; take it out of `required`",
        );
      if (property["x-surfaces"] !== undefined) this.#surfaces(property, place);
      const relay = this.#file.folder === "relay";
      if (
        name === "kind" &&
        typeof property.const === "string" &&
        !relay &&
        !/^[a-z][a-z0-9_]*$/.test(property.const)
      )
        this.#say("kind-name", place, `the kind "${property.const}" is not snake_case; rename it`);
    }
    this.#schema(property, place);
  }

  /** A field that each surface takes one value of names that value for every surface. */
  #surfaces(property: JsonObject, pointer: string): void {
    const given = isObject(property["x-surfaces"]) ? property["x-surfaces"] : {};
    const target = this.#definitions.get(refTarget(this.#file, String(property.$ref)))?.schema;
    const known = Array.isArray(target?.enum) ? target.enum : [];
    const complete = Object.keys(given).sort().join() === [...documentSurfaces].sort().join();
    if (!complete || Object.values(given).some((value) => value === undefined || !known.includes(value)))
      this.#say(
        "surface-values",
        `${pointer}/x-surfaces`,
        `needs one value of the named enum for each of ${documentSurfaces.join(", ")}`,
      );
  }

  #map(schema: JsonObject, pointer: string): void {
    const keys = isObject(schema.propertyNames) ? schema.propertyNames : {};
    const keyed =
      keys.type === "string" &&
      typeof keys.pattern === "string" &&
      isCount(keys.maxLength) &&
      Object.keys(keys).every((key) => ["type", "description", "pattern", "maxLength"].includes(key));
    if (!keyed || !isCount(schema.maxProperties))
      this.#say(
        "map-form",
        pointer,
        "needs `propertyNames` (type string, pattern, maxLength, no more) and `maxProperties`",
      );
    else this.#string(keys, `${pointer}/propertyNames`);
    this.#schema(schema.additionalProperties, `${pointer}/additionalProperties`);
  }

  #open(schema: JsonObject, form: string, pointer: string): void {
    if (schema["x-open"] === undefined) return;
    const place = form === "object" || form === "union" || (form === "string" && schema.enum !== undefined);
    if (schema["x-open"] !== true || (!place && allowed[form]?.includes("x-open")))
      this.#say("open-place", pointer, "`x-open` is `true` on an object, a union or an enum; remove it here");
  }
}

function isCount(value: Json | undefined): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

/** The `kind` of a closed object that has one, else null. */
function tagOf({ schema }: Definition): string | null {
  const properties = isObject(schema.properties) ? schema.properties : {};
  const kind = isObject(properties.kind) ? properties.kind.const : undefined;
  const required = Array.isArray(schema.required) && schema.required.includes("kind");
  const closed = schema.type === "object" && schema.additionalProperties === false;
  return closed && required && typeof kind === "string" ? kind : null;
}
