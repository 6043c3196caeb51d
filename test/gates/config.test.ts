import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { breakingSentences, compareRole } from "../../codegen/breaking.js";
import { configSchema } from "../../src/config/config-schema.js";
import { type ConfigSchema, configShape } from "./_config-shape.js";
import { root } from "./_tree.js";

const path = join(root, "schemas/baseline/config.schema.json");
const current = JSON.parse(JSON.stringify(configSchema)) as ConfigSchema;

/** What breaks a config file that worked before. */
function breaks(before: ConfigSchema, after: ConfigSchema): string[] {
  const types = new Map();
  return breakingSentences(
    compareRole("config", { shape: configShape(before), types }, { shape: configShape(after), types }),
  );
}

describe("[contract.breaking] the config file", () => {
  test("files that worked go on working; `npx vitest run test/gates/config.test.ts -u` records an addition", async () => {
    // Read first: without the file there is nothing to compare with, and a new snapshot would hide a break.
    expect(breaks(JSON.parse(readFileSync(path, "utf8")) as ConfigSchema, current)).toEqual([]);
    await expect(`${JSON.stringify(current, null, 2)}\n`).toMatchFileSnapshot(path);
  });

  test.each<[rule: string, change: (server: Record<string, ConfigSchema>) => void]>([
    ["config-field-removed", (server) => delete server.port],
    ["config-type-changed", (server) => Object.assign(server, { port: { type: "string", default: "7433" } })],
    ["config-default-changed", (server) => Object.assign(server.port!, { default: 80 })],
    ["config-bound-tightened", (server) => Object.assign(server.port!, { minimum: 1024 })],
    ["config-pattern-changed", (server) => Object.assign(server.allowed_hosts!.items!, { pattern: "^x$" })],
    ["config-bound-tightened", (server) => Object.assign(server.allowed_hosts!, { maxItems: 1 })],
  ])("red: %s", (rule, change) => {
    const after = structuredClone(current);
    change(after.properties!.server!.properties!);
    expect(breaks(current, after)).toContainEqual(expect.stringMatching(`^${rule} `));
  });

  test("red when a choice goes", () => {
    const after = structuredClone(current);
    after.properties!.log!.properties!.level!.anyOf!.pop();
    expect(breaks(current, after)).toEqual([
      expect.stringContaining("config-enum-value-removed (WIRE) at config.log.level"),
    ]);
  });

  test.each([
    ["a keyword that is not compared", { type: "integer", multipleOf: 2 }],
    ["a choice of other things than literals", { anyOf: [{ type: "string" }, { const: "x" }] }],
  ])("red: %s", (_what, schema) => {
    const after = structuredClone(current);
    after.properties!.server!.properties!.extra = schema;
    expect(() => breaks(current, after)).toThrow(/configShape/);
  });

  test("a new optional field is fine", () => {
    const after = structuredClone(current);
    after.properties!.server!.properties!.extra = { type: "boolean", default: false };
    expect(breaks(current, after)).toEqual([]);
  });
});
