import fc from "fast-check";
import type { Seeded } from "../kit/seeded.js";

/** The part of JSON Schema that the contract's requests are written in. */
export interface Schema {
  $ref?: string;
  $defs?: Record<string, Schema>;
  type?: string;
  const?: unknown;
  enum?: unknown[];
  oneOf?: Schema[];
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: Schema | false;
  propertyNames?: Schema;
  maxProperties?: number;
  items?: Schema;
  minItems?: number;
  maxItems?: number;
  pattern?: string;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
}

/** What fields of these names mean in every request, as the worlds hold it. A source is always the surface's own. */
const held: Readonly<Record<string, readonly string[]>> = {
  name: ["{{name}}", "{{other}}"],
  to: ["{{name}}", "{{other}}"],
  session: ["{{name}}"],
  session_id: ["{{session}}"],
  lease_token: ["{{lease}}"],
  claim_token: ["{{claim}}"],
  interaction_id: ["{{claimed}}", "{{claimed}}", "{{waiting}}"],
  in_reply_to: ["{{claimed}}", "{{waiting}}"],
  token_id: ["{{token_id}}"],
  source: ["{{source}}"],
  idempotency_key: ["{{letter}}-key-1", "{{letter}}-key-2"],
};

const texts = ["", "x", "hé", "a\u0000b", "\u2028", "👩‍🚀", '"\\', "{{", "__proto__", "0", "null"];

/** Makes values that a schema allows, its bounds among them. */
export class RequestGenerator {
  readonly #random: Seeded;
  readonly #matching = new Map<string, string[]>();
  #defs: Record<string, Schema> = {};

  constructor(random: Seeded) {
    this.#random = random;
  }

  valid(schema: Schema): unknown {
    this.#defs = schema.$defs ?? {};
    return this.#value(schema, "");
  }

  #value(schema: Schema, field: string): unknown {
    const random = this.#random;
    const known = held[field];
    if (known !== undefined && (field === "source" || random.chance(0.85))) return random.pick(known);
    const { $ref, oneOf } = schema;
    if ($ref !== undefined) return this.#value(this.#defs[$ref.slice("#/$defs/".length)]!, field);
    if (oneOf !== undefined) return this.#value(random.pick(oneOf), field);
    if (schema.const !== undefined) return schema.const;
    if (schema.enum !== undefined) return random.pick(schema.enum);
    switch (schema.type) {
      case "object":
        return this.#object(schema);
      case "array":
        return this.#array(schema, field);
      case "string":
        return this.#string(schema);
      case "integer":
        return this.#integer(schema);
      case "boolean":
        return random.chance(0.5);
      default:
        return this.#json(3);
    }
  }

  #object({ properties = {}, required = [], additionalProperties, propertyNames }: Schema): unknown {
    const random = this.#random;
    const made: Record<string, unknown> = {};
    for (const [name, schema] of Object.entries(properties))
      if (required.includes(name) || random.chance(0.4)) made[name] = this.#value(schema, name);
    if (additionalProperties && propertyNames)
      for (let n = random.between(0, 3); n > 0; n -= 1)
        made[this.#string(propertyNames)] = this.#value(additionalProperties, "");
    return made;
  }

  #array({ items = {}, minItems = 0, maxItems = 4 }: Schema, field: string): unknown[] {
    const random = this.#random;
    const length = random.chance(0.02)
      ? maxItems
      : random.between(minItems, Math.min(maxItems, minItems + 2));
    return Array.from({ length }, () => this.#value(items, `${field}[]`));
  }

  #string({ pattern, minLength = 0, maxLength = 64 }: Schema): string {
    const random = this.#random;
    if (pattern !== undefined) {
      const made = random.pick(this.#matchingOf(pattern, maxLength));
      // Names that one world takes must be free in the others.
      return /\{0,61\}/.test(pattern) ? `{{letter}}${made.slice(0, 40).replace(/-+$|^\*$/, "")}` : made;
    }
    if (random.chance(0.003)) return "y".repeat(maxLength);
    return random.pick(texts).slice(0, maxLength).padEnd(minLength, "z");
  }

  #integer({ minimum = -10, maximum = 10 }: Schema): number {
    const random = this.#random;
    const low = Math.min(maximum, minimum + 3);
    return random.pick([minimum, maximum, low, random.between(minimum, low), random.between(low, maximum)]);
  }

  /** Free JSON. */
  #json(depth: number): unknown {
    const random = this.#random;
    const leaf = [null, true, 0, -1, 1.5, 1e21, 2 ** 53 - 1, ...texts];
    if (depth === 0 || random.chance(0.6)) return random.pick(leaf);
    const parts = Array.from({ length: random.between(0, 3) }, () => this.#json(depth - 1));
    return random.chance(0.5)
      ? parts
      : Object.fromEntries(parts.map((part, n) => [random.pick(["a", "", "constructor", "é"]) + n, part]));
  }

  #matchingOf(pattern: string, maxLength: number): string[] {
    let made = this.#matching.get(pattern);
    if (made === undefined) {
      const seed = this.#random.between(0, 2 ** 31 - 1);
      const arbitrary = fc.stringMatching(new RegExp(pattern)).filter(({ length }) => length <= maxLength);
      made = fc.sample(arbitrary, { seed, numRuns: 24 });
      this.#matching.set(pattern, made);
    }
    return made;
  }
}
