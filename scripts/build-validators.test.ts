import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { ValidateFunction } from "ajv/dist/2020.js";
import { Ajv2020 } from "ajv/dist/2020.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadContract } from "../codegen/load.js";
import { operations } from "../src/generated/operations.js";
import { messageSchemas, requestSchemas } from "../src/generated/schemas.js";
import { ajvOptions, maxErrors } from "../src/kernel/ajv-options.js";
import { buildValidators } from "./build-validators.mjs";

const folder = mkdtempSync(join(tmpdir(), "parley-validators-"));
const outFile = join(folder, "validators.mjs");
let validators: Record<string, ValidateFunction>;
beforeAll(async () => {
  await buildValidators(outFile);
  ({ validators } = await import(pathToFileURL(outFile).href));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("[contract.validators] what the build compiles", () => {
  const ajv = new Ajv2020(ajvOptions);

  test("is one function for each operation and each message", () => {
    expect(Object.keys(validators).sort()).toEqual(
      [...Object.keys(operations), ...Object.keys(messageSchemas)].sort(),
    );
  });

  test("needs nothing from node_modules", () => {
    expect(readFileSync(outFile, "utf8")).not.toMatch(/^import |\bfrom "ajv|[^"']require\((?!"ajv)/m);
  });

  test.each(loadContract(join(import.meta.dirname, "..")).operations)(
    "judges $id as ajv does",
    ({ id, example }) => {
      const lazy = ajv.compile(requestSchemas[id as keyof typeof requestSchemas]);
      const built = validators[id] as ValidateFunction;
      const request = example.request as Record<string, unknown>;
      const broken = Object.keys(request).flatMap((name) => [
        { ...request, [name]: null },
        Object.fromEntries(Object.entries(request).filter(([key]) => key !== name)),
      ]);
      for (const value of [request, { ...request, unknown_field: 1 }, ...broken, null, 7, []]) {
        const [mine, theirs] = [structuredClone(value), structuredClone(value)];
        expect(built(mine)).toBe(lazy(theirs));
        // Defaults are part of the verdict, and the errors are what details are made of.
        expect(mine).toEqual(theirs);
        expect(built.errors).toEqual(lazy.errors);
      }
    },
  );

  test.each([
    ["system.create_token", { name: "a", scopes: Array(10_000).fill(7), sessions: ["*"] }],
    ["sessions.open", { name: "a", labels: Object.fromEntries(Array(10_000).entries()) }],
    [
      "sessions.emit",
      {
        name: "a",
        claim_token: "t",
        interaction_id: "0199f3a0-4c3e-7a10-8f11-6a1d2c3b4e5f",
        events: Array(10_000).fill({}),
      },
    ],
    ["comms.send", { kind: "peer_message", ...Object.fromEntries(Array(10_000).entries()) }],
  ])("[kernel.validation-bounded] looks for no more mistakes in %s than are told", (id, request) => {
    const unbounded = new Ajv2020({ ...ajvOptions, code: {} });
    const all = unbounded.compile(requestSchemas[id as keyof typeof requestSchemas]);
    const built = validators[id]!;
    expect([built(structuredClone(request)), all(structuredClone(request))]).toEqual([false, false]);
    expect(built.errors!.slice(0, maxErrors)).toEqual(all.errors!.slice(0, maxErrors));
    expect(all.errors!.length).toBeGreaterThanOrEqual(10_000);
    expect(built.errors!.length).toBeLessThan(2 * maxErrors);
  });
});
