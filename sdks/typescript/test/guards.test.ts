import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { loadContract } from "../../../codegen/load.js";
import { requestSchemas, responseSchemas } from "../../../src/generated/schemas.js";
import { ajvOptions } from "../../../src/kernel/ajv-options.js";
import { guards } from "../src/generated/guards.js";
import type { operations } from "../src/generated/operations.js";

const contract = loadContract(new URL("../../..", import.meta.url).pathname);
const ajv = new Ajv2020({ ...ajvOptions, useDefaults: false, code: {} });
const cases = contract.operations.flatMap((operation) => [
  [
    operation.request,
    operation.example.request,
    requestSchemas[operation.id as keyof typeof operations],
  ] as const,
  [
    operation.response,
    operation.example.response,
    responseSchemas[operation.id as keyof typeof operations],
  ] as const,
]);

/** One change somewhere in a value: what a wrong or newer peer may send. */
const mutation = fc.record({
  at: fc.nat(40),
  what: fc.oneof(
    fc.constantFrom("remove", "add", "rename"),
    fc.record({
      put: fc.oneof(fc.jsonValue({ maxDepth: 1 }), fc.constantFrom("", "a", "A B", -1, 0, 1.5, 2 ** 53)),
    }),
  ),
});

describe("[sdk.guards] [field.sdk-reads] guards agree with the daemon's validators", () => {
  test.each(cases)("on changed examples of %s", (type, example, schema) => {
    const validate: ValidateFunction = ajv.compile(schema);
    const guard = guards[type];
    expect(guard?.(example)).toBe(true);
    fc.assert(
      fc.property(fc.array(mutation, { minLength: 1, maxLength: 3 }), (mutations) => {
        const value = mutations.reduce(mutate, structuredClone(example));
        expect([guard?.(value), JSON.stringify(value)]).toEqual([validate(value), JSON.stringify(value)]);
      }),
      { numRuns: 150 },
    );
  });

  test("every type has one", () => {
    expect(Object.keys(guards)).toEqual(contract.types.map(({ name }) => name));
  });
});

type Change = typeof mutation extends fc.Arbitrary<infer T> ? T : never;

function mutate(value: unknown, { at, what }: Change): unknown {
  const places: [object: Record<string, unknown>, key: string][] = [];
  collect(value, places);
  const place = places[at % Math.max(1, places.length)];
  if (place === undefined) return typeof what === "object" ? what.put : value;
  const [object, key] = place;
  if (what === "add") object.unexpected = 1;
  else if (typeof what === "object") object[key] = what.put;
  else {
    if (what === "rename") object[`${key}_`] = object[key];
    delete object[key];
  }
  return value;
}

function collect(value: unknown, places: [Record<string, unknown>, string][]): void {
  if (typeof value !== "object" || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    if (!Array.isArray(value)) places.push([value as Record<string, unknown>, key]);
    collect(inner, places);
  }
}
