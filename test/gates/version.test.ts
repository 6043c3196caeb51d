import { describe, expect, test } from "vitest";
import { versionGate } from "../../codegen/gates/version.js";
import { copyTree, root } from "./_tree.js";

describe("[contract.version] the contract is 0.3.0 everywhere", () => {
  test("in this tree", async () => {
    expect(await versionGate(root)).toEqual([]);
  });

  test.each([
    ["contract-version.json", '"contract": "0.3.0"', '"contract": "0.3.1"'],
    ["src/generated/version.ts", '"0.3.0"', '"0.2.9"'],
    ["sdks/typescript/src/generated/version.ts", '"0.3.0"', '"0.4.0"'],
    ["sdks/python/src/parley/_generated/version.py", '"0.3.0"', '"0.3.0rc1"'],
    ["openapi.yaml", 'version: "0.3.0"', 'version: "1.0.0"'],
    ["schemas/dist/openrpc.json", '"version": "0.3.0"', '"version": "0.3"'],
    ["schemas/dist/asyncapi.yaml", 'version: "0.3.0"', 'version: "0.3.2"'],
    ["schemas/dist/mcp-tools.json", '"x-contract": "0.3.0"', '"x-contract": "0.3.00"'],
    ["schemas/dist/contract.schema.json", '"x-contract": "0.3.0"', '"x-contract": ""'],
  ])("red when %s says another version", async (path, found, other) => {
    const tree = copyTree();
    tree.edit(path, (text) => text.replace(found, other));
    const problems = await versionGate(tree.root);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(
      new RegExp(`^${path.replaceAll(".", "\\.")} says contract .*run \`npm run codegen\``),
    );
  });

  test.each([
    ["package.json", '"version": "0.3.', '"version": "0.4.'],
    ["sdks/typescript/package.json", '"version": "0.3.', '"version": "1.3.'],
    ["sdks/python/pyproject.toml", 'version = "0.3.', 'version = "0.2.'],
  ])("red when the package %s leaves 0.3.x", async (path, found, other) => {
    const tree = copyTree();
    tree.edit(path, (text) => text.replace(found, other));
    expect(await versionGate(tree.root)).toEqual([expect.stringContaining("only the patch is free")]);
  });

  test("red when a document is missing", async () => {
    const tree = copyTree();
    tree.remove("openapi.yaml");
    expect(await versionGate(tree.root)).toEqual(["openapi.yaml is missing: run `npm run codegen`."]);
  });
});
