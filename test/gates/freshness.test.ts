import { describe, expect, test } from "vitest";
import { findStale, generate } from "../../codegen/main.js";
import { copyTree, root } from "./_tree.js";

describe("[contract.freshness] generated files are what the schemas give", () => {
  test("in this tree", () => {
    expect(findStale(root, generate(root))).toEqual([]);
  });

  test("red when a schema changed without a run", () => {
    const tree = copyTree();
    tree.edit("schemas/comms/send.json", (text) => text.replace("Send a command:", "Send any command:"));
    const stale = findStale(tree.root, generate(tree.root));
    expect(stale).toContainEqual(
      "openapi.yaml is not what the schemas give: run `npm run codegen` and commit what it writes; never edit it by hand.",
    );
    expect(stale.some((line) => line.startsWith("docs/reference/comms/send.md "))).toBe(true);
  });

  test.each([
    "openapi.yaml",
    "src/generated/rest.ts",
    "docs/reference/errors.md",
    "schemas/dist/openrpc.json",
  ])("red when %s was edited", (path) => {
    const tree = copyTree();
    tree.edit(path, (text) => `${text}\n`);
    expect(findStale(tree.root, generate(tree.root))).toEqual([
      expect.stringMatching(`^${path} is not what the schemas give: run .npm run codegen`),
    ]);
  });

  test("red when a generated file is missing", () => {
    const tree = copyTree();
    tree.remove("docs/reference/cli.md");
    expect(findStale(tree.root, generate(tree.root))).toEqual([
      "docs/reference/cli.md is missing: run `npm run codegen` and commit what it writes.",
    ]);
  });

  test.each(["src/generated", "docs/reference", "schemas/dist", "test/golden/surfaces"])(
    "red when %s holds a file that nothing generates",
    (folder) => {
      const tree = copyTree();
      tree.write(`${folder}/extra.md`, "mine\n");
      expect(findStale(tree.root, generate(tree.root))).toEqual([
        `${folder}/extra.md is in a generated folder, but nothing generates it: run \`npm run codegen\` and commit what it writes.`,
      ]);
    },
  );
});
