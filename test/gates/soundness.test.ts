import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { breakingSentences, compareRole } from "../../codegen/breaking.js";
import type { TypeDef } from "../../codegen/contract.js";
import { lintSchemas } from "../../codegen/lint-schemas.js";
import { collectDefinitions } from "../../codegen/refs.js";
import { toShape } from "../../codegen/shape.js";
import type { JsonObject, SchemaFile } from "../../codegen/source.js";
import { brokenValue } from "./_old-peers.js";
import { mapChildren, type Node, schemaPairs } from "./_schema-pairs.js";

/** Pairs of the short form; `PARLEY_TEST_PAIRS=1000000` for a long one. */
const pairs = Number(process.env.PARLEY_TEST_PAIRS ?? 4_000);

const roles = ["request", "response"] as const;

/** The schema as the file of definitions that an author would write. */
function fileOf(root: Node): SchemaFile {
  const $defs: Record<string, Node> = { JsonValue: { description: "Any JSON." } };
  const hoist = (node: Node): Node => {
    const { $name, ...inner } = mapChildren(node, hoist);
    if ($name === "JsonValue") return { $ref: "#/$defs/JsonValue" };
    if ($name === undefined) return inner;
    let name = $name;
    while (name in $defs) name += "i";
    $defs[name] = { description: "A type.", ...inner };
    return { $ref: `#/$defs/${name}` };
  };
  const top = hoist(root);
  $defs.Root = "$ref" in top ? top : { description: "The root.", ...top };
  return {
    path: "schemas/common/types.json",
    kind: "types",
    folder: "common",
    stem: "types",
    json: { $defs: $defs as unknown as JsonObject },
  };
}

/** The schemas as the contract's comparison sees them; null when the linter refuses the file. */
function typesOf(root: Node): ReadonlyMap<string, TypeDef> | null {
  const file = fileOf(root);
  const definitions = collectDefinitions([file]);
  const findings = lintSchemas([file], definitions).filter(({ rule }) => rule !== "description");
  if (findings.length > 0) return null;
  return new Map(
    [...definitions.values()].map(({ name, origin, schema }) => [
      name,
      { name, module: "common", origin, description: "", shape: toShape(definitions, file, schema) },
    ]),
  );
}

/** Whether the gate lets the change through in this role. */
function passes(role: (typeof roles)[number], before: Node, after: Node): boolean {
  const [old, now] = [typesOf(before), typesOf(after)];
  if (!old || !now) return false;
  const shape = { kind: "ref", name: "Root" } as const;
  return breakingSentences(compareRole(role, { shape, types: old }, { shape, types: now })).length === 0;
}

describe("[contract.breaking-sound] no change that passes the gate breaks an old peer", () => {
  const seen = { passed: 0, refused: 0, values: 0 };

  test(
    `${pairs} pairs of schemas, in each role`,
    () => {
      fc.assert(
        fc.property(schemaPairs, ({ before, after }) => {
          if (JSON.stringify(before) === JSON.stringify(after)) return;
          for (const role of roles) {
            if (!passes(role, before, after)) {
              seen.refused += 1;
              continue;
            }
            const found = brokenValue(role, before, after);
            seen.passed += 1;
            seen.values += found.tried;
            expect(found, `${role}: ${JSON.stringify({ before, after })}`).not.toHaveProperty("value");
          }
        }),
        { numRuns: pairs },
      );
      // A gate that refused everything, or an oracle without values, would prove nothing.
      expect(seen.passed).toBeGreaterThan(pairs / 20);
      expect(seen.refused).toBeGreaterThan(pairs / 20);
      expect(seen.values).toBeGreaterThan(seen.passed);
    },
    120_000 + pairs * 20,
  );

  const set: Node = { type: "string", enum: ["ab", "12"] };
  const digits: Node = { type: "string", maxLength: 9, pattern: "^[0-9]*$" };
  const union = (...tags: string[]): Node => ({
    type: "object",
    discriminator: { propertyName: "kind" },
    oneOf: tags.map((kind) => ({
      $name: "V",
      type: "object",
      additionalProperties: false,
      properties: { kind: { type: "string", const: kind } },
      required: ["kind"],
    })),
    "x-open": true,
  });

  // Both halves of the test see what they must: the oracle finds the value, and the gate refuses the pair.
  test.each<[what: string, role: (typeof roles)[number], before: Node, after: Node]>([
    ["a set that becomes text with a pattern", "request", set, digits],
    ["a set that becomes shorter text", "request", set, { type: "string", maxLength: 1 }],
    [
      "a const that becomes longer text",
      "request",
      { type: "string", const: "" },
      { type: "string", minLength: 1, maxLength: 9 },
    ],
    ["text that becomes a set beyond its pattern", "response", digits, set],
    ["text that becomes a set beyond its bounds", "response", { type: "string", maxLength: 1 }, set],
    [
      "a new value too long for old readers",
      "response",
      { ...set, "x-open": true },
      { ...set, enum: ["ab", "12", "v".repeat(257)], "x-open": true },
    ],
    ["a new tag too long for old readers", "response", union("x"), union("x", "v".repeat(257))],
  ])("red: %s", (_what, role, before, after) => {
    expect(brokenValue(role, before, after)).toHaveProperty("value");
    expect(passes(role, before, after)).toBe(false);
  });

  test.each<[what: string, role: (typeof roles)[number], before: Node, after: Node]>([
    ["a set that becomes text which takes all of it", "request", set, { ...digits, pattern: "^[a-z0-9]*$" }],
    ["text that becomes a set within it", "response", digits, { type: "string", enum: ["12"] }],
    ["a new variant of an open union", "response", union("x"), union("x", "y")],
  ])("passes: %s", (_what, role, before, after) => {
    expect(brokenValue(role, before, after)).not.toHaveProperty("value");
    expect(passes(role, before, after)).toBe(true);
  });
});
