import { describe, expect, test } from "vitest";
import { errorsGate } from "../../codegen/gates/errors.js";
import { copyTree, root } from "./_tree.js";

describe("[contract.errors] every error code is documented, mapped and has its class", () => {
  test("in this tree", async () => {
    expect(await errorsGate(root)).toEqual([]);
  });

  test.each([
    ["docs/reference/errors.md", /^\| `peer_not_found` .*\n/m],
    ["src/generated/errors.ts", /^ {2}peer_not_found: \{[\s\S]*?\n {2}\},\n/m],
    ["sdks/typescript/src/generated/errors.ts", /^ {2}peer_not_found: PeerNotFoundError,\n/m],
    ["sdks/typescript/src/generated/errors.ts", /^export class PeerNotFoundError.*\n/m],
    ["sdks/python/src/parley/_generated/errors.py", /^ {4}"peer_not_found": PeerNotFoundError,\n/m],
    ["sdks/python/src/parley/_generated/errors.py", /^class PeerNotFoundError\(/m],
  ])("red when %s loses a code (%s)", async (path, line) => {
    const tree = copyTree();
    tree.edit(path, (text) => text.replace(line, ""));
    expect(await errorsGate(tree.root)).toEqual([
      `${path} lacks the error code peer_not_found: run \`npm run codegen\` or fix its emitter.`,
    ]);
  });

  test("red when a code is extra", async () => {
    const tree = copyTree();
    tree.edit("schemas/errors.json", (text) =>
      text.replace('"code": "internal"', '"code": "internal_error"'),
    );
    const problems = await errorsGate(tree.root);
    expect(problems).toContain(
      "docs/reference/errors.md has the error code internal, which schemas/errors.json does not: add it there or remove it here.",
    );
    expect(problems).toHaveLength(8);
  });

  test.each([
    ["schemas/system/console.raw.json", '"route_not_found"', '"route_gone"'],
    ["schemas/comms/send.json", '"peer_not_found"', '"route_gone"'],
  ])("[house.byte-routes] red when %s declares a code that does not exist", async (path, from, to) => {
    const tree = copyTree();
    tree.edit(path, (text) => text.replace(from, to));
    expect((await errorsGate(tree.root)).join()).toContain("declares the error code route_gone, which");
  });

  test("[house.byte-routes] red when the page of errors does not name a byte route", async () => {
    const tree = copyTree();
    tree.edit("docs/reference/errors.md", (text) => text.replaceAll("`/auth/sign-in`", ""));
    expect(await errorsGate(tree.root)).toContain(
      "docs/reference/errors.md does not name system.sign_in at ticket_invalid: run `npm run codegen`.",
    );
  });

  test("red when a code has no number", async () => {
    const tree = copyTree();
    tree.edit("src/generated/errors.ts", (text) => text.replace(/rpc: -31003,/, "rpc: null,"));
    expect(await errorsGate(tree.root)).toEqual([
      "src/generated/errors.ts maps peer_not_found to no rpc: give it one in schemas/errors.json.",
    ]);
  });
});
