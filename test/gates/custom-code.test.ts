import { describe, expect, test } from "vitest";
import { customCodeGate } from "../../codegen/gates/custom-code.js";
import { copyTree, root } from "./_tree.js";

describe("[contract.custom_code] nobody edits generated files", () => {
  test("in this tree", async () => {
    expect(await customCodeGate(root)).toEqual([]);
  });

  test.each([
    "src/generated/operations.ts",
    "sdks/typescript/src/generated/comms.ts",
    "sdks/python/src/parley/_generated/resources/comms.py",
    "schemas/dist/contract.schema.json",
    "docs/reference/errors.md",
    "openapi.yaml",
  ])("red when a line is added to %s", async (path) => {
    const tree = copyTree();
    tree.edit(path, (text) => `${text}\n`);
    expect(await customCodeGate(tree.root)).toEqual([
      `${path} was changed by hand: change the schema or the generator and run \`npm run codegen\`; generated files take no hand-written line.`,
    ]);
  });

  test("red when a hand-written file lies in a generated folder", async () => {
    const tree = copyTree();
    tree.write("src/generated/mine.ts", "export const mine = 1;\n");
    expect(await customCodeGate(tree.root)).toEqual([
      expect.stringContaining("src/generated/mine.ts lies in a generated folder without the header"),
    ]);
  });

  test("red when a recorded file is gone, and when nothing is recorded", async () => {
    const tree = copyTree();
    tree.remove("openapi.yaml");
    expect(await customCodeGate(tree.root)).toEqual([
      "openapi.yaml is recorded in contract-version.json, but missing: run `npm run codegen`.",
    ]);
    tree.write("contract-version.json", '{"contract":"0.3.0"}\n');
    expect(await customCodeGate(tree.root)).toEqual([
      "contract-version.json records no outputs: run `npm run codegen`.",
    ]);
  });
});
