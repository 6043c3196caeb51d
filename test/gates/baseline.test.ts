import { execFileSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { acceptContract, baselineText } from "../../codegen/accept.js";
import {
  baselinePath,
  breakingGate,
  breakingProblems,
  changesPath,
  digestGate,
} from "../../codegen/gates/baseline.js";
import { loadContract } from "../../codegen/load.js";
import { copyTree, root, type Tree } from "./_tree.js";

const files = ["schemas", "contract-version.json"];

/** Adds an optional field to a request: a move of the digest that breaks nobody. */
function addField(tree: Tree): void {
  tree.edit("schemas/sessions/get.json", (text) =>
    text.replace(
      '"properties": {\n        "name"',
      '"properties": {\n        "verbose": { "description": "Say more.", "type": "boolean" },\n        "name"',
    ),
  );
}

/** Removes a field that clients read. */
function removeField(tree: Tree): void {
  tree.edit("schemas/sessions/types.json", (text) =>
    text
      .replace(/"principal": \{[\s\S]*?\},\n\s*"description"/, '"description"')
      .replaceAll('"principal", ', ""),
  );
  for (const path of ["get", "list", "open"])
    tree.edit(`schemas/sessions/${path}.json`, (text) => text.replaceAll(/\s*"principal": "local",/g, ""));
}

describe("[contract.digest] every move of the digest is recorded", () => {
  test("in this tree", () => {
    expect(digestGate(root)).toEqual([]);
  });

  test("red when the digest moved without a line; accepting writes it", () => {
    const tree = copyTree(files);
    addField(tree);
    expect(digestGate(tree.root)).toEqual([
      expect.stringMatching(
        /^The digest moved to [0-9a-f]{16} without a line in .*CHANGES\.md: run `npm run codegen -- --accept /,
      ),
    ]);
    acceptContract(tree.root, "sessions.get can say more");
    expect(digestGate(tree.root)).toEqual([]);
  });

  test("red when a line is there without a move", () => {
    const tree = copyTree(files);
    tree.edit(changesPath, (text) => `${text}- 0123456789abcdef nothing happened\n`);
    expect(digestGate(tree.root)).toEqual([expect.stringContaining("a line without a move; remove it")]);
  });

  test("red when a line is repeated or malformed", () => {
    const tree = copyTree(files);
    const last = `- ${loadContract(root).digest.slice(0, 16)} again\n`;
    tree.edit(changesPath, (text) => `${text}${last}`);
    expect(digestGate(tree.root)).toEqual([expect.stringContaining("the digest moved once; keep one")]);
    tree.edit(changesPath, (text) => text.replace(last, "- a change\n"));
    expect(digestGate(tree.root)).toEqual([expect.stringContaining('has the line "- a change": write')]);
  });

  test("red when the baseline is not the accepted contract, or is missing", () => {
    const tree = copyTree(files);
    tree.edit(baselinePath, (text) => text.replace(/"digest": "[0-9a-f]{16}/, '"digest": "0123456789abcdef'));
    expect(digestGate(tree.root)).toEqual([
      expect.stringContaining("holds 0123456789abcdef, but the digest is"),
    ]);
    tree.remove(baselinePath);
    expect(digestGate(tree.root)).toEqual([expect.stringMatching(/^There is no accepted contract: run/)]);
  });

  test("texts and examples do not move the digest", () => {
    const tree = copyTree(files);
    tree.edit("schemas/comms/send.json", (text) => text.replace("Send a command:", "Send any command:"));
    expect(digestGate(tree.root)).toEqual([]);
  });
});

describe("[contract.breaking] the contract breaks no older client unsaid", () => {
  test("in this tree", () => {
    expect(breakingGate(root)).toEqual([]);
  });

  test("red when a field that clients read is gone", () => {
    const tree = copyTree(files);
    removeField(tree);
    expect(breakingGate(tree.root)).toEqual([
      'response-field-removed (WIRE) at Session.principal: A field was removed; keep sending it. Undo it, or accept it with `npm run codegen -- --accept "breaking: why it must be"`.',
    ]);
  });

  test("accepting a break needs a reason that says so", () => {
    const tree = copyTree(files);
    removeField(tree);
    expect(() => acceptContract(tree.root, "tidy")).toThrow(
      /response-field-removed[\s\S]*begins with "breaking:"/,
    );
    expect(acceptContract(tree.root, "breaking: nobody read it")).toMatch(
      /^accepted [0-9a-f]{16}: breaking: nobody/,
    );
    expect(digestGate(tree.root)).toEqual([]);
    expect(breakingGate(tree.root)).toEqual([]);
  });

  test("an addition passes without a word", () => {
    const tree = copyTree(files);
    addField(tree);
    expect(breakingGate(tree.root)).toEqual([]);
  });

  test("history finds a break that was accepted without the word", () => {
    const tree = copyTree(files);
    const git = (...args: string[]): void => {
      execFileSync(
        "git",
        ["-c", "user.name=t", "-c", "user.email=t@t", "-c", "commit.gpgsign=false", ...args],
        {
          cwd: tree.root,
          stdio: "ignore",
        },
      );
    };
    git("init", "-b", "main");
    git("add", ".");
    git("commit", "-m", "before");
    removeField(tree);
    const contract = loadContract(tree.root);
    tree.write(baselinePath, baselineText(contract));
    tree.edit(changesPath, (text) => `${text}- ${contract.digest.slice(0, 16)} tidy\n`);
    expect(digestGate(tree.root)).toEqual([]);
    expect(breakingGate(tree.root)).toEqual([expect.stringMatching(/^response-field-removed/)]);
    git("commit", "-am", "after");
    expect(breakingGate(tree.root)).toEqual([expect.stringMatching(/^response-field-removed/)]);
    tree.edit(changesPath, (text) => text.replace(" tidy\n", " breaking: nobody read it\n"));
    expect(breakingGate(tree.root)).toEqual([]);
    git("tag", "v0.3.0", "HEAD~1");
    expect(breakingGate(tree.root)).toEqual([
      expect.stringContaining("give contract-version.json the contract 0.4.0"),
    ]);
    tree.edit("contract-version.json", (text) => text.replace('"contract": "0.3.0"', '"contract": "0.4.0"'));
    expect(breakingGate(tree.root)).toEqual([]);
  });

  test("after the release only the next minor version may break", () => {
    const tree = copyTree(files);
    const contract = loadContract(root);
    removeField(tree);
    const broken = loadContract(tree.root);
    const line = `- ${broken.digest.slice(0, 16)} breaking: because\n`;
    expect(breakingProblems({ contract, released: true }, broken, line)).toHaveLength(1);
    expect(breakingProblems({ contract, released: false }, broken, line)).toEqual([]);
    expect(
      breakingProblems({ contract, released: true }, { ...broken, version: "0.3.9" }, line),
    ).toHaveLength(1);
    expect(breakingProblems({ contract, released: true }, { ...broken, version: "0.4.0" }, "")).toEqual([]);
  });
});
