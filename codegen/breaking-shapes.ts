import { checkString } from "./check-value.js";
import type { ObjectShape, Property, Shape, StringShape, TypeDef, UnionShape } from "./contract.js";
import { unknownMaxLength } from "./lower.js";
import type { SurfaceValues } from "./surface-values.js";

/** The role in which a shape is compared. */
export type ShapeRole = "request" | "config" | "response" | "event";

/** Told about each difference: the rule's name without the role, and where. */
type Report = (rule: string, where: string) => void;

/** One side's named types. */
type Types = ReadonlyMap<string, TypeDef>;

/** Compares shapes of two contracts in one role; each pair of named types is compared once. */
export class ShapeComparison {
  readonly #before: Types;
  readonly #after: Types;
  readonly #written: boolean;
  readonly #report: Report;
  readonly #done = new Set<string>();

  constructor(role: ShapeRole, before: Types, after: Types, report: Report) {
    this.#before = before;
    this.#after = after;
    this.#written = role === "request" || role === "config";
    this.#report = report;
  }

  compare(before: Shape, after: Shape, where: string): void {
    const old = follow(this.#before, before, where);
    const now = follow(this.#after, after, where);
    if (old.name !== null && now.name !== null) {
      const pair = `${old.name} ${now.name}`;
      if (this.#done.has(pair)) return;
      this.#done.add(pair);
    }
    this.#compareResolved(old.shape, now.shape, now.name ?? where);
  }

  #compareResolved(before: Shape, after: Shape, where: string): void {
    if (before.kind === "string" && after.kind === "string") this.#strings(before, after, where);
    else if (before.kind === "integer" && after.kind === "integer")
      this.#bounds(where, [before.minimum, after.minimum], [before.maximum, after.maximum]);
    else if (before.kind === "array" && after.kind === "array") {
      this.#bounds(where, [before.minItems, after.minItems], [before.maxItems, after.maxItems]);
      this.compare(before.items, after.items, `${where}[]`);
    } else if (before.kind === "map" && after.kind === "map") {
      this.#bounds(where, [0, 0], [before.maxProperties, after.maxProperties]);
      this.#bounds(where, [0, 0], [before.keyMaxLength, after.keyMaxLength]);
      this.#patterns(before.keyPattern, after.keyPattern, where);
      this.compare(before.values, after.values, `${where}{}`);
    } else if (before.kind === "object" && after.kind === "object") this.#objects(before, after, where);
    else if (
      before.kind === "union" &&
      after.kind === "union" &&
      before.discriminator === after.discriminator
    )
      this.#unions(before, after, where);
    else if (before.kind !== after.kind || before.kind === "union") this.#report("type-changed", where);
  }

  #strings(before: StringShape, after: StringShape, where: string): void {
    const old = valuesOf(before);
    const now = valuesOf(after);
    this.#openness(before.open === true, after.open === true, where);
    if (old && now) {
      for (const value of old)
        if (!now.includes(value)) this.#report("enum-value-removed", `${where} "${value}"`);
      for (const value of now) if (!old.includes(value)) this.#addedValue(before, value, where);
    } else if (old) this.#becameText(before, old, after, where);
    else if (now) this.#becameValues(before, now, where);
    else {
      this.#bounds(where, [before.minLength ?? 0, after.minLength ?? 0], [before.maxLength, after.maxLength]);
      this.#patterns(before.pattern, after.pattern, where);
    }
  }

  #addedValue(before: StringShape, value: string, where: string): void {
    const at = `${where} "${value}"`;
    if (this.#written) this.#report("enum-value-added", at);
    else if (before.open !== true) this.#report("enum-value-added-to-closed", at);
    else if (value.length > unknownMaxLength) this.#report("value-refused", at);
    else this.#report("open-enum-value-added", at);
  }

  /** Text takes more than a set, except what its own bounds and pattern refuse. */
  #becameText(before: StringShape, old: string[], after: StringShape, where: string): void {
    const at = `${where}, which takes any text now,`;
    if (!this.#written) {
      this.#report(before.open === true ? "open-enum-value-added" : "enum-value-added-to-closed", at);
      return;
    }
    this.#report("enum-value-added", at);
    this.#refused(after, old, where);
  }

  /** A set is less than any text, but readers check its values against the text that they know. */
  #becameValues(before: StringShape, now: string[], where: string): void {
    this.#report(this.#written ? "enum-value-removed" : "bound-tightened", where);
    if (!this.#written) this.#refused(before, now, where);
  }

  #refused(text: StringShape, values: string[], where: string): void {
    for (const value of values)
      if (checkString(text, value) !== null) this.#report("value-refused", `${where} "${value}"`);
  }

  #bounds(where: string, [oldMin, newMin]: [number, number], [oldMax, newMax]: [number, number]): void {
    if (newMin > oldMin || newMax < oldMax) this.#report("bound-tightened", where);
    if (newMin < oldMin || newMax > oldMax) this.#report("bound-loosened", where);
  }

  #patterns(before: string | undefined, after: string | undefined, where: string): void {
    if (before === after) return;
    if (this.#written) this.#report(after === undefined ? "pattern-removed" : "pattern-changed", where);
    else this.#report(before === undefined ? "pattern-added" : "pattern-changed", where);
  }

  #objects(before: ObjectShape, after: ObjectShape, where: string): void {
    this.#openness(before.open, after.open, where);
    const now = new Map(after.properties.map((property) => [property.name, property]));
    const old = new Map(before.properties.map((property) => [property.name, property]));
    for (const property of before.properties) {
      const at = `${where}.${property.name}`;
      const kept = now.get(property.name);
      if (kept) this.#properties(property, kept, at);
      else this.#report("field-removed", at);
    }
    for (const property of after.properties) {
      if (old.has(property.name)) continue;
      const at = `${where}.${property.name}`;
      if (this.#written) this.#report(property.required ? "required-added" : "optional-added", at);
      else this.#report(before.open ? "field-added" : "field-added-to-closed", at);
    }
  }

  #properties(before: Property, after: Property, where: string): void {
    if (before.required && !after.required) this.#report("became-optional", where);
    if (!before.required && after.required) this.#report("became-required", where);
    if (this.#written && JSON.stringify(before.default) !== JSON.stringify(after.default))
      this.#report(before.default === undefined ? "default-added" : "default-changed", where);
    // The handler refuses the other values, so the shape alone does not tell what an older caller loses.
    if (this.#written && before.surfaceValues && after.surfaceValues)
      for (const [surface, value] of Object.entries(after.surfaceValues))
        if (before.surfaceValues[surface as keyof SurfaceValues] !== value)
          this.#report("surface-value-changed", `${where} on ${surface}`);
    this.compare(before.shape, after.shape, where);
  }

  #unions(before: UnionShape, after: UnionShape, where: string): void {
    this.#openness(before.open, after.open, where);
    const now = new Map(after.variants.map((variant) => [variant.tag, variant]));
    const old = new Set(before.variants.map((variant) => variant.tag));
    for (const variant of before.variants) {
      const kept = now.get(variant.tag);
      if (!kept) this.#report("variant-removed", `${where} "${variant.tag}"`);
      else this.compare({ kind: "ref", name: variant.type }, { kind: "ref", name: kept.type }, where);
    }
    for (const { tag } of after.variants) {
      if (old.has(tag)) continue;
      const at = `${where} "${tag}"`;
      if (this.#written) this.#report("variant-added", at);
      else if (!before.open) this.#report("variant-added-to-closed", at);
      else this.#report(tag.length > unknownMaxLength ? "value-refused" : "open-variant-added", at);
    }
  }

  /** Requests are strict whatever the mark says. */
  #openness(before: boolean, after: boolean, where: string): void {
    if (!this.#written && before !== after) this.#report("openness-changed", where);
  }
}

function valuesOf(shape: StringShape): string[] | null {
  return shape.const === undefined ? (shape.enum ?? null) : [shape.const];
}

function follow(types: Types, shape: Shape, where: string): { shape: Shape; name: string | null } {
  let found: { shape: Shape; name: string | null } = { shape, name: null };
  while (found.shape.kind === "ref") {
    const type = types.get(found.shape.name);
    if (!type)
      throw new Error(`${where} refers to the type ${found.shape.name}, which the contract does not have`);
    found = { shape: type.shape, name: type.name };
  }
  return found;
}
