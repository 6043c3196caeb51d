import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, test } from "vitest";
import { mcpTools } from "../src/generated/mcp.js";
import { eventSchemas, requestSchemas, responseSchemas } from "../src/generated/schemas.js";
import { canonicalText } from "./canonical.js";
import { buildUnchecked, loadContract } from "./load.js";
import { generate } from "./main.js";
import { type JsonObject, readSources } from "./source.js";
import { buildTiny, tinyContract, toSources } from "./tiny-contract.js";

const root = join(import.meta.dirname, "..");

test("[codegen.format] the formatter leaves the generated TypeScript unchanged", () => {
  const biome = join(root, "node_modules/@biomejs/biome/bin/biome");
  execFileSync(process.execPath, [biome, "ci", "src/generated", "sdks/typescript/src/generated"], {
    cwd: root,
    stdio: "pipe",
  });
});

describe("[contract.determinism]", () => {
  const expected = generate(root);

  test.each([
    ["reversed", (paths: string[]) => [...paths].reverse()],
    ["rotated", (paths: string[]) => [...paths.slice(7), ...paths.slice(0, 7)]],
    ["interleaved", (paths: string[]) => paths.toSorted((a, b) => a.length - b.length || (a < b ? 1 : -1))],
  ])("files read in %s order give the same bytes", (_, order) => {
    expect(generate(root, { order })).toEqual(expected);
  });

  test.each([
    ["cwd", { cwd: tmpdir(), env: {} }],
    ["time zone", { cwd: root, env: { TZ: "Pacific/Kiritimati" } }],
    ["locale", { cwd: root, env: { LANG: "tr_TR.UTF-8", LC_ALL: "tr_TR.UTF-8" } }],
  ])("another %s gives the same bytes", (_, { cwd, env }) => {
    const script = `
      const { generate } = await import(${JSON.stringify(join(root, "codegen/main.ts"))});
      process.stdout.write(JSON.stringify(generate(${JSON.stringify(root)})));`;
    const hooks = join(root, "scripts/ts.mjs");
    const output = execFileSync(
      process.execPath,
      ["--import", hooks, "--input-type=module", "--eval", script],
      {
        cwd,
        env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
        maxBuffer: 64 * 1024 * 1024,
      },
    );
    expect(JSON.parse(output.toString())).toEqual(expected);
  });
});

describe("[contract.digest]", () => {
  const digest = (change: (block: JsonObject, request: JsonObject) => void): string => {
    const files = tinyContract();
    const file = files["schemas/comms/put.json"] as { operation: JsonObject; $defs: { Request: JsonObject } };
    change(file.operation, file.$defs.Request);
    return buildUnchecked(toSources(files), "0.3.0").digest;
  };
  const before = buildTiny().digest;

  test("is the same for other words, examples and order of fields", () => {
    expect(digest((block) => Object.assign(block, { summary: "Other words." }))).toBe(before);
    expect(digest((block) => Object.assign(block.example as JsonObject, { response: { place: 1 } }))).toBe(
      before,
    );
    expect(digest((_, request) => Object.assign(request, { description: "Other words." }))).toBe(before);
    const reversed = (value: unknown): JsonObject =>
      Object.fromEntries(Object.entries(value as JsonObject).reverse());
    expect(digest((_, request) => Object.assign(request, { properties: reversed(request.properties) }))).toBe(
      before,
    );
    expect(buildUnchecked(toSources(tinyContract()), "9.9.9").digest).toBe(before);
  });

  test("moves with whatever a program can see", () => {
    const moved = [
      digest((block) => Object.assign(block, { scope: null })),
      digest((block) => Object.assign(block, { errors: [] })),
      digest((block) => Object.assign(block.rest as JsonObject, { status: 200 })),
      digest((block) => Object.assign(block.cli as JsonObject, { columns: ["place.shelf", "parcel_id"] })),
      digest((_, request) => Object.assign(request, { required: ["box"] })),
      digest((_, request) =>
        Object.assign((request.properties as JsonObject).urgent as JsonObject, { default: true }),
      ),
      digest((_, request) =>
        Object.assign((request.properties as JsonObject).box as JsonObject, { maxLength: 17 }),
      ),
    ];
    expect(new Set([before, ...moved]).size).toBe(moved.length + 1);
  });

  test("covers no text of the real contract", () => {
    const contract = loadContract(root);
    const canonical = canonicalText(contract);
    for (const { summary } of contract.operations) expect(canonical).not.toContain(summary);
    for (const { text } of contract.errors) expect(canonical).not.toContain(text);
  });
});

describe("[house.per-plane-files]", () => {
  const contract = loadContract(root);
  const texts = new Map(generate(root).map(({ path, text }) => [path, text]));
  const folders = ["src/generated", "sdks/typescript/src/generated"];

  test.each(contract.types)("$name lies in the file of its module", ({ name, module }) => {
    for (const folder of folders) {
      expect(texts.get(`${folder}/types/${module}.ts`)).toMatch(
        new RegExp(`^export (?:interface|type) ${name} `, "m"),
      );
      expect(texts.get(`${folder}/types.ts`)).toContain(`export type * from "./types/${module}.js";`);
    }
    const path = `sdks/python/src/parley/_generated/types/${module.replaceAll("-", "_")}.py`;
    expect(texts.get(path)).toMatch(new RegExp(`^(?:class ${name}\\(|${name}: TypeAlias)`, "m"));
  });
});

describe("[codegen.schemas] ajv compiles every view in strict mode", () => {
  const ajv = new Ajv2020({ strict: true, strictRequired: false, discriminator: true, useDefaults: true });
  const contract = loadContract(root);

  test.each(contract.operations)("$id takes its example", ({ id, example }) => {
    const request = ajv.compile(requestSchemas[id as keyof typeof requestSchemas]);
    expect([request(structuredClone(example.request)), request.errors]).toEqual([true, null]);
    const response = ajv.compile(responseSchemas[id as keyof typeof responseSchemas]);
    expect([response(example.response), response.errors]).toEqual([true, null]);
  });

  test("defaults are filled in, also inside a union", () => {
    const command = { kind: "peer_request", to: "echo", intent: "ask", params: null };
    expect(ajv.validate(requestSchemas["comms.send"], command)).toBe(true);
    expect(command).toEqual({
      kind: "peer_request",
      to: "echo",
      intent: "ask",
      params: null,
      stream: "none",
    });
  });

  test("a response may hold fields, kinds and values that only newer daemons know; a request may not", () => {
    const receipt = ajv.compile(responseSchemas["comms.send"]);
    expect(receipt({ kind: "input_queued", position: 3 })).toBe(true);
    expect(receipt({ kind: "input_accepted", interaction_id: 7 })).toBe(false);
    expect(receipt({ position: 3 })).toBe(false);
    const health = ajv.compile(responseSchemas["system.health"]);
    expect(health({ status: "dreaming", version: "1", more: true })).toBe(true);
    expect(ajv.validate(requestSchemas["system.health"], { more: true })).toBe(false);
    expect(ajv.validate(requestSchemas["comms.send"], { kind: "shout", to: "echo", body: "x" })).toBe(false);
  });

  test("each event's payload takes what newer daemons send", () => {
    const id = "0199f3a0-4c3e-7a10-8f11-6a1d2c3b4e5f";
    const closed = ajv.compile(eventSchemas["comms.stream_closed"] as object);
    expect(closed({ stream_id: id, reason: "eclipse", until: "dawn" })).toBe(true);
    expect(closed({ stream_id: "x", reason: "closed" })).toBe(false);
  });
});

describe("[contract.mcp-lowering] tools carry schemas that MCP clients take", () => {
  // Clients compile in strict mode or not; keywords that only OpenAPI knows would fail here.
  const ajv = new Ajv2020({ strict: true, strictRequired: false });
  const { operations } = loadContract(root);

  test.each(mcpTools)("$name", ({ operation, wrap, inputSchema, outputSchema }) => {
    for (const schema of [inputSchema, outputSchema] as JsonObject[]) {
      expect(schema.type).toBe("object");
      for (const keyword of ["oneOf", "anyOf", "allOf", "$ref", "$defs"])
        expect(schema).not.toHaveProperty(keyword);
      expect(JSON.stringify(schema)).not.toMatch(/"\$ref"|"discriminator"/);
    }
    const example = operations.find(({ id }) => id === operation)?.example;
    const input = wrap === null ? example?.request : { [wrap]: example?.request };
    expect(ajv.validate(inputSchema, input)).toBe(true);
    expect(ajv.validate(inputSchema, { ...(input as object), more: 1 })).toBe(false);
    expect(ajv.validate(outputSchema, example?.response)).toBe(true);
    expect(ajv.validate(outputSchema, {})).toBe(false);
  });

  test("a command of another kind is refused", () => {
    const send = mcpTools.find(({ name }) => name === "send");
    expect(
      ajv.validate(send?.inputSchema ?? {}, { command: { kind: "peer_message", to: "echo", body: "x" } }),
    ).toBe(true);
    expect(ajv.validate(send?.inputSchema ?? {}, { command: { kind: "shout", to: "echo", body: "x" } })).toBe(
      false,
    );
  });
});

test.each(readSources(root).filter(({ json }) => json.$defs !== undefined))(
  "[contract.source] $path is plain JSON Schema 2020-12",
  ({ json }) => {
    const ajv = new Ajv2020({ strict: false });
    const dialect = { $schema: "https://json-schema.org/draft/2020-12/schema", $defs: json.$defs };
    expect([ajv.validateSchema(dialect), ajv.errors]).toEqual([true, null]);
  },
);

test("[contract.source] the meta-schema is itself a schema of the dialect", () => {
  const meta = JSON.parse(readFileSync(join(root, "schemas/operation.meta.json"), "utf8"));
  const ajv = new Ajv2020({ strict: false });
  expect([ajv.validateSchema(meta), ajv.errors]).toEqual([true, null]);
  const validate = ajv.compile(meta);
  for (const { path, kind, json } of readSources(root))
    if (kind !== "types" && kind !== "errors" && kind !== "headers")
      expect([path, validate(json)]).toEqual([path, true]);
});
