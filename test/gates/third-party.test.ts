import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { compareOpenapiTypes } from "./_openapi-types.js";
import { copyTree, root } from "./_tree.js";

const run = promisify(execFile);

/** What Redocly says about the document below `folder`; nothing when it is content. */
async function redoclyProblems(folder: string): Promise<string[]> {
  const program = join(root, "node_modules/@redocly/cli/bin/cli.js");
  const config = join(root, "redocly.yaml");
  try {
    await run(
      process.execPath,
      [program, "lint", join(folder, "openapi.yaml"), "--config", config, "--format=json"],
      {
        cwd: folder,
        env: { ...process.env, REDOCLY_TELEMETRY: "off", REDOCLY_SUPPRESS_UPDATE_NOTICE: "true" },
      },
    );
    return [];
  } catch (error) {
    const { stdout } = error as { stdout: string };
    const { problems } = JSON.parse(stdout) as { problems: { ruleId: string; message: string }[] };
    return problems.map(
      ({ ruleId, message }) =>
        `Redocly's ${ruleId} on openapi.yaml: ${message} Fix codegen/emit/openapi.ts or the schema.`,
    );
  }
}

describe("[contract.third_party] Redocly takes openapi.yaml", () => {
  test("in this tree", async () => {
    expect(await redoclyProblems(root)).toEqual([]);
  });

  test.each([
    ["no-unresolved-refs", /schemas\/SendReceipt"/, 'schemas/NoReceipt"'],
    ["no-invalid-media-type-examples", /kind: peer_request\n/, "kind: peer_order\n"],
    ["operation-operationId-unique", /operationId: comms\.peers/, "operationId: comms.send"],
  ])("red: %s", async (rule, found, other) => {
    const tree = copyTree(["openapi.yaml"]);
    tree.edit("openapi.yaml", (text) => text.replace(found, other));
    expect(await redoclyProblems(tree.root)).toContainEqual(
      expect.stringMatching(`^Redocly's ${rule} on openapi.yaml`),
    );
  });
});

describe("[contract.third_party] openapi-typescript's types are the SDK's", () => {
  const document = readFileSync(join(root, "openapi.yaml"), "utf8");

  test("in this tree", async () => {
    expect(await compareOpenapiTypes(root, document)).toEqual([]);
  });

  test.each([
    ["Lease", / {4}Lease:[\s\S]*?type: integer/, (text: string) => text.replace(/integer$/, "boolean")],
    [
      "PeerMessageCommand",
      / {4}PeerMessageCommand:[\s\S]*?- body\n/,
      (text: string) => text.replace(/ +- body\n$/, ""),
    ],
    [
      "SessionsDrainBody",
      / {4}SessionsDrainBody:[\s\S]*?type: integer/,
      (text: string) => text.replace(/integer$/, "string"),
    ],
  ])("red when %s differs", async (name, part, change) => {
    const other = document.replace(part, change);
    expect(other).not.toBe(document);
    const problems = await compareOpenapiTypes(root, other);
    expect(problems).toContain(
      `${name} of openapi.yaml and of the SDK are not the same type: fix codegen/emit/openapi.ts or the SDK's emitter.`,
    );
  });

  test("red when the document has a type that the SDK lacks", async () => {
    const other = document
      .replace(/^ {4}Lease:$/m, "    Rent:")
      .replaceAll('schemas/Lease"', 'schemas/Rent"');
    expect(await compareOpenapiTypes(root, other)).toEqual([
      "sdks/typescript/src/generated/types.ts has no type Rent, which openapi.yaml has: fix the emitter of one of them.",
    ]);
  });
});
