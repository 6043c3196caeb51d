import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Emitter } from "./contract.js";
import { emitCli } from "./emit/server-cli.js";
import { emitErrors } from "./emit/server-errors.js";
import { emitMcp } from "./emit/server-mcp.js";
import { emitOperations } from "./emit/server-operations.js";
import { emitRaw } from "./emit/server-raw.js";
import { emitRest } from "./emit/server-rest.js";
import { emitRpc } from "./emit/server-rpc.js";
import { emitSchemas } from "./emit/server-schemas.js";
import { emitTypes } from "./emit/server-types.js";
import { buildUnchecked } from "./load.js";
import type { JsonObject } from "./source.js";
import {
  type Files,
  field,
  lintSentences,
  object,
  operation,
  plane,
  tinyContract,
  toSources,
  variant,
} from "./tiny-contract.js";

/** A small contract and the emitters whose output it shows; `vitest -u` writes the expected files anew. */
interface Case {
  name: string;
  files: Files;
  emitters: Emitter[];
}

const cases: Case[] = [
  {
    name: "tiny",
    files: tinyContract(),
    emitters: [emitCli, emitErrors, emitMcp, emitOperations, emitRest, emitRpc, emitSchemas, emitTypes],
  },
  { name: "only-errors", files: pick("schemas/errors.json"), emitters: [emitOperations, emitRaw, emitRest] },
  {
    name: "open-response",
    files: withOperation({
      response: object(
        {
          state: field("How it is.", { type: "string", enum: ["up", "down"], "x-open": true }),
          last: { $ref: "types.json#/$defs/Event" },
        },
        ["state", "last"],
        { "x-open": true },
      ),
      example: { request: {}, response: { state: "up", last: { kind: "opened" } } },
      types: {
        Event: {
          description: "What happened.",
          type: "object",
          discriminator: { propertyName: "kind" },
          oneOf: [{ $ref: "#/$defs/Opened" }, { $ref: "#/$defs/Moved" }],
          "x-open": true,
        },
        Opened: variant("opened", {}, []),
        Moved: variant("moved", { to: field("Where to.", { type: "string", maxLength: 8 }) }, ["to"]),
      },
    }),
    emitters: [emitSchemas, emitTypes],
  },
  {
    name: "defaults",
    files: withOperation({
      request: object(
        {
          size: field("How big.", { type: "integer", minimum: 1, maximum: 9, default: 3 }),
          mode: { $ref: "types.json#/$defs/Mode", default: "slow" },
          note: field("Free words.", { type: "string", maxLength: 9 }),
        },
        [],
      ),
      types: { Mode: field("How.", { type: "string", enum: ["slow", "fast"] }) },
    }),
    emitters: [emitSchemas, emitTypes],
  },
  {
    name: "reserved-words",
    files: withOperation({
      request: object(
        Object.fromEntries(
          ["class", "default", "constructor", "in", "await", "id"].map((name) => [
            name,
            field(`Named ${name}.`, { type: "boolean" }),
          ]),
        ),
        ["class"],
      ),
      example: { request: { class: true }, response: {} },
    }),
    emitters: [emitSchemas, emitTypes],
  },
  {
    name: "long-lines",
    files: withOperation({
      summary: `${"A summary that is as long as they come ".repeat(4)}"ends" here.`,
      request: object(
        {
          colour: field(`${"Words that do not fit on one line. ".repeat(6)}*/ stays inside.`, {
            type: "string",
            enum: Array.from({ length: 12 }, (_, index) => `a_long_colour_${index}`),
          }),
          nested: object({ deep: object({ flag: field("On.", { type: "boolean" }) }, ["flag"]) }, []),
        },
        [],
      ),
    }),
    emitters: [emitOperations, emitSchemas, emitTypes],
  },
];

describe.each(cases)("[codegen.golden] $name", ({ name, files, emitters }) => {
  test("breaks no rule", () => {
    expect(lintSentences(files)).toEqual([]);
  });

  const contract = buildUnchecked(toSources(files), "0.3.0");
  const outputs = emitters.flatMap((emit) => emit(contract));
  test.each(outputs)("$path", async ({ path, text }) => {
    const target = join(import.meta.dirname, "golden", name, `${path.split("/").at(-1)}.txt`);
    await expect(text).toMatchFileSnapshot(target);
  });
});

test("[codegen.format] the formatter leaves every case unchanged", () => {
  const root = join(import.meta.dirname, "..");
  const folder = mkdtempSync(join(tmpdir(), "parley-golden-"));
  try {
    const config = readFileSync(join(root, "biome.json"), "utf8").replace(/"vcs": \{[^}]*\},/, "");
    writeFileSync(join(folder, "biome.json"), config);
    for (const { name, files, emitters } of cases)
      for (const { path, text } of emitters.flatMap((emit) =>
        emit(buildUnchecked(toSources(files), "0.3.0")),
      )) {
        mkdirSync(dirname(join(folder, name, path)), { recursive: true });
        writeFileSync(join(folder, name, path), text);
      }
    const biome = join(root, "node_modules/@biomejs/biome/bin/biome");
    execFileSync(process.execPath, [biome, "format", ...cases.map(({ name }) => name)], {
      cwd: folder,
      stdio: "pipe",
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

function pick(...paths: string[]): Files {
  return Object.fromEntries(Object.entries(tinyContract()).filter(([path]) => paths.includes(path)));
}

/** A contract of one operation, `comms.do`, with an empty request and response unless given. */
function withOperation({ types, ...block }: JsonObject): Files {
  const empty = { request: object({}, []), response: object({}, []), example: { request: {}, response: {} } };
  const files: Files = {
    ...pick("schemas/errors.json"),
    "schemas/comms/plane.json": plane("comms", 30),
    "schemas/comms/do.json": operation("do", { ...empty, ...block }),
  };
  if (types !== undefined) files["schemas/comms/types.json"] = { $id: "comms/types.json", $defs: types };
  return files;
}
