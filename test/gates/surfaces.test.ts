import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { surfaceListings, surfacesGate } from "../../codegen/gates/surfaces.js";
import { loadContract } from "../../codegen/load.js";
import { camelCase, pascalCase } from "../../codegen/names.js";
import { copyTree, root } from "./_tree.js";

describe("[contract.surfaces] every surface has the operations that the schemas declare", () => {
  test("in this tree", async () => {
    expect(await surfacesGate(root)).toEqual([]);
    for (const { place, actual } of await surfaceListings(root)) expect(actual, place).not.toEqual([]);
  });

  test.each<[place: string, path: string, line: RegExp, lost: string]>([
    [
      "src/generated/operations.ts",
      "src/generated/operations.ts",
      /^ {2}"comms\.peers": \{[\s\S]*?^ {2}\},\n/m,
      "comms.peers",
    ],
    [
      "src/generated/rest.ts",
      "src/generated/rest.ts",
      /"\/comms\/peers"/,
      "comms.peers GET /comms/peers 200",
    ],
    ["openapi.yaml", "openapi.yaml", /operationId: comms\.peers\n/, "comms.peers GET /comms/peers 200"],
    ["src/generated/rpc.ts", "src/generated/rpc.ts", /^ {2}"comms\/peers".*\n/m, "comms.peers comms/peers"],
    [
      "src/generated/rpc.ts",
      "src/generated/rpc.ts",
      /^ {2}"comms\.stream_event".*\n/m,
      "comms.stream_event comms/stream_event",
    ],
    [
      "schemas/dist/openrpc.json",
      "schemas/dist/openrpc.json",
      /"name": "comms\/peers"/,
      "comms.peers comms/peers",
    ],
    [
      "schemas/dist/asyncapi.yaml",
      "schemas/dist/asyncapi.yaml",
      /name: comms\/stream_event/,
      "comms.stream_event comms/stream_event",
    ],
    ["src/generated/mcp.ts", "src/generated/mcp.ts", /name: "peers"/, "comms.peers peers"],
    ["schemas/dist/mcp-tools.json", "schemas/dist/mcp-tools.json", /"name": "peers"/, "comms.peers peers"],
    [
      "src/generated/cli.ts",
      "src/generated/cli.ts",
      /command: "token list"/,
      "system.list_tokens token list",
    ],
    [
      "docs/reference/cli.md",
      "docs/reference/cli.md",
      /^## parley token list$/m,
      "system.list_tokens token list",
    ],
    [
      "sdks/typescript/src/generated",
      "sdks/typescript/src/generated/comms.ts",
      /^ {2}peers\(/m,
      "comms.peers client.comms.peers",
    ],
    [
      "sdks/python/src/parley/_generated/resources",
      "sdks/python/src/parley/_generated/resources/comms.py",
      /^ {4}def peers\(/m,
      "comms.peers client.comms.peers",
    ],
    [
      "sdks/python/src/parley/_generated/resources",
      "sdks/python/src/parley/_generated/resources/comms.py",
      /^ {4}async def peers\(/m,
      "comms.peers client.comms.peers (async)",
    ],
    [
      "docs/reference",
      "docs/reference/comms/peers.md",
      /^# comms\.peers$/m,
      "comms.peers docs/reference/comms/peers.md",
    ],
    [
      "test/golden/surfaces/rest.txt",
      "test/golden/surfaces/rest.txt",
      /^comms\.peers .*\n/m,
      "comms.peers GET /comms/peers 200",
    ],
    [
      "test/golden/surfaces/py.txt",
      "test/golden/surfaces/py.txt",
      /^comms\.peers .*\n/m,
      "comms.peers client.comms.peers",
    ],
  ])("red when %s loses an operation", async (place, path, line, lost) => {
    const tree = copyTree();
    tree.edit(path, (text) => text.replace(line, (found) => renamed(found)));
    expect(await surfacesGate(tree.root)).toContain(
      `${place} lacks "${lost}": the schemas declare it; run \`npm run codegen\` or fix its emitter.`,
    );
  });

  test("red when a surface has an operation that no schema declares", async () => {
    const tree = copyTree();
    tree.remove("schemas/sessions/get.json");
    const problems = await surfacesGate(tree.root);
    for (const place of [
      "src/generated/rest.ts",
      "openapi.yaml",
      "src/generated/rpc.ts",
      "docs/reference/cli.md",
      "sdks/typescript/src/generated",
    ])
      expect(
        problems.some((line) => line.startsWith(`${place} has "sessions.get `)),
        place,
      ).toBe(true);
  });
});

/** Takes the name away, but leaves the syntax whole: tables are run, not searched. */
function renamed(found: string): string {
  if (/^ {2}"|\n$/.test(found) && !found.includes("operationId")) return "";
  return found.replace(/peers|list\b|stream_event/, "other");
}

describe("[house.plane-facts] both clients have the root methods that plane.json declares", () => {
  const declared = loadContract(root).planes.flatMap(({ name, root: verbs }) =>
    verbs.map((verb) => [name, verb] as const),
  );

  test("there are some", () => expect(declared).toContainEqual(["comms", "send"]));

  test.each(declared)("%s.%s", (plane, verb) => {
    const client = readFileSync(join(root, "sdks/typescript/src/runtime/client.ts"), "utf8");
    expect(client).toMatch(new RegExp(`^ {2}${camelCase(verb)}\\(`, "m"));
    const path = `sdks/python/src/parley/_generated/resources/${plane}.py`;
    const classes = readFileSync(join(root, path), "utf8").split(/^class /m);
    for (const name of [pascalCase(plane), `Async${pascalCase(plane)}`]) {
      const body = classes.find((text) => text.startsWith(`${name}Root:`));
      expect(body).toMatch(new RegExp(`^ {4}(?:async )?def ${verb}\\(`, "m"));
    }
  });
});
