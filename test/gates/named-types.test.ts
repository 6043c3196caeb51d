import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Contract } from "../../codegen/contract.js";
import { printTypes } from "../../codegen/emit/sdk-python-types.js";
import { buildUnchecked } from "../../codegen/load.js";
import type { JsonObject } from "../../codegen/source.js";
import { field, object, operation, tinyContract, toSources, variant } from "../../codegen/tiny-contract.js";
import { runPython } from "./_python.js";
import { root } from "./_tree.js";
import { ajvJudge, type Candidate } from "./_verdicts.js";

const boolean = { type: "boolean" };
const list = (items: JsonObject): JsonObject => ({ type: "array", items, maxItems: 3 });
const map = (values: JsonObject): JsonObject => ({
  type: "object",
  additionalProperties: values,
  propertyNames: { type: "string", pattern: "^[a-z]{1,8}$", maxLength: 8 },
  maxProperties: 3,
});
const ref = (name: string): JsonObject => ({ $ref: `types.json#/$defs/${name}` });

/** Types that have a name of their own and are no object, around each scalar, and what refers to them. */
const named: JsonObject = {
  Flag: field("A boolean.", boolean),
  Flags: field("Booleans.", list(boolean)),
  FlagMap: field("Booleans by name.", map(boolean)),
  FlagRows: field("Lists of booleans.", list(list(boolean))),
  FlagMaps: field("Maps of booleans.", list(map(boolean))),
  FlagLists: field("Lists by name.", map(list(boolean))),
  SameFlag: { $ref: "#/$defs/Flag" },
  SameFlags: field("Named booleans.", list({ $ref: "#/$defs/Flag" })),
  Switches: object(
    {
      one: { $ref: "#/$defs/Flag" },
      two: field("A boolean.", boolean),
      many: { $ref: "#/$defs/FlagLists" },
      rows: field("Booleans.", list(list({ $ref: "#/$defs/SameFlag" }))),
    },
    [],
  ),
  Turned: variant("turned", { on: { $ref: "#/$defs/Flag" }, all: { $ref: "#/$defs/Flags" } }, []),
  Kept: variant("kept", {}, []),
  Change: {
    description: "What happened.",
    type: "object",
    discriminator: { propertyName: "kind" },
    oneOf: [{ $ref: "#/$defs/Turned" }, { $ref: "#/$defs/Kept" }],
  },
  Changes: field("Changes.", list({ $ref: "#/$defs/Change" })),
  Count: field("An integer.", { type: "integer", minimum: 0, maximum: 9 }),
  Counts: field("Integers.", list({ type: "integer", minimum: 0, maximum: 9 })),
  Word: field("A text.", { type: "string", maxLength: 4 }),
  Words: field("Texts.", map({ type: "string", maxLength: 4 })),
  Choice: field("One of two.", { type: "string", enum: ["true", "1"] }),
};

/** What a validator that converts would take for a boolean, a number or a text, and what it must take. */
const scalars = ["true", "false", "0", "1", "1.0", "0.0", "2", '"true"', '"false"', '"1"', '"0"', '"yes"'];
const others = ['{"kind":"kept"}', '"off"', '"t"', '""', "null", "[]", "{}", "-0.0", '"True"'];
const around = (text: string): string[] => [
  text,
  `[${text}]`,
  `[[${text}]]`,
  `[true,${text}]`,
  `{"a":${text}}`,
  `[{"a":${text}}]`,
  `{"a":[${text}]}`,
  ...["one", "two"].map((name) => `{"${name}":${text}}`),
  `{"many":{"a":[${text}]}}`,
  `{"rows":[[${text}]]}`,
  `{"kind":"turned","on":${text}}`,
  `{"kind":"turned","all":[${text}]}`,
  `[{"kind":"turned","on":${text}}]`,
];

describe("[py.strict-names] types with a name of their own", () => {
  let contract: Contract;
  let folder: string;
  const candidates: Candidate[] = Object.keys(named).flatMap((type) =>
    [...scalars, ...others].flatMap((text) => around(text).map((value) => ({ type, text: value }))),
  );

  beforeAll(() => {
    const files = tinyContract();
    const types = files["schemas/comms/types.json"] as { $defs: JsonObject };
    Object.assign(types.$defs, named);
    const fields = Object.fromEntries(Object.keys(named).map((name) => [name.toLowerCase(), ref(name)]));
    files["schemas/comms/set.json"] = operation("set", {
      example: { request: {}, response: {} },
      request: object(fields, []),
      response: object({}, []),
    });
    contract = buildUnchecked(toSources(files), "0.3.0");
    folder = mkdtempSync(join(tmpdir(), "parley-types-"));
    cpSync(join(root, "sdks/python/src/parley/_runtime"), join(folder, "parley/_runtime"), {
      recursive: true,
    });
    for (const { path, text } of printTypes(contract, "parley/_generated")) write(path, text);
    for (const path of ["parley", "parley/_generated", "parley/_generated/types"])
      write(`${path}/__init__.py`, "");
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function write(path: string, text: string): void {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }

  test("take in Python what ajv takes, and convert nothing", async () => {
    const expected = await ajvJudge(contract)(candidates);
    const lines = candidates.map(({ type, text }) => JSON.stringify({ type: `comms:${type}`, text }));
    const verdicts = (await runPython("_named_types.py", lines, folder)) as Record<string, boolean[]>;
    for (const [how, actual] of Object.entries(verdicts)) {
      const different = candidates.filter((_, index) => actual[index] !== expected[index]);
      expect(different.map(({ type, text }) => `${how}: ${type} ${text}`)).toEqual([]);
    }
    expect(Object.keys(verdicts)).toEqual(["parsed", "text"]);
    expect(new Set(candidates.filter((_, index) => expected[index]).map(({ type }) => type)).size).toBe(
      Object.keys(named).length,
    );
  });
});
