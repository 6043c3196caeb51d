import { describe, expect, test } from "vitest";
import { hardCutGate, legacyNames } from "../../codegen/gates/hard-cut.js";
import { camelCase } from "../../codegen/names.js";
import { copyTree, root } from "./_tree.js";

/** Every kind of place that may not carry a legacy name, with a line that would bring it there. */
const places: [kind: string, path: string, line: (name: string) => string][] = [
  ["RPC registry", "src/generated/rpc.ts", (name) => `export const more = { "${name}": "comms.send" };\n`],
  ["REST registry", "src/generated/rest.ts", (name) => `export const more = "/${name}";\n`],
  ["MCP registry", "src/generated/mcp.ts", (name) => `export const more = "${name}";\n`],
  ["CLI registry", "src/generated/cli.ts", (name) => `export const more = "${name}";\n`],
  ["schema", "schemas/comms/legacy.json", (name) => `{"rpc":"${name}"}\n`],
  ["document", "openapi.yaml", (name) => `x-more: ${name}\n`],
  ["hand-written source", "src/surfaces/rpc/alias.ts", (name) => `const alias = "${name}";\n`],
  ["Python source", "sdks/python/src/parley/_runtime/alias.py", (name) => `ALIAS = "${name}"\n`],
  ["docs page", "docs/guide.md", (name) => `Call \`${name}\`.\n`],
  ["reference page", "docs/reference/comms/send.md", (name) => `Call \`${name}\`.\n`],
  ["README", "README.md", (name) => `Call ${name}.\n`],
  ["AGENTS.md", "AGENTS.md", (name) => `Call ${name}.\n`],
  ["skill", "skills/parley/SKILL.md", (name) => `Call ${name}.\n`],
  ["agent's skill", ".claude/skills/parley/SKILL.md", (name) => `Call ${name}.\n`],
  ["vector", "test/vectors/comms/send/legacy.json", (name) => `{"operation":"${name}"}\n`],
  ["golden list", "test/golden/surfaces/rpc.txt", (name) => `comms.send ${name}\n`],
  ["TypeScript example", "examples/typescript/hello.ts", (name) => `// ${name}\n`],
  ["Python example", "examples/python/hello.py", (name) => `# ${name}\n`],
  ["TypeScript SDK's README", "sdks/typescript/README.md", (name) => `Call ${name}.\n`],
  ["Python SDK's README", "sdks/python/README.md", (name) => `Call ${name}.\n`],
];

const files = [
  "schemas/dist/mcp-tools.json",
  "src/generated/cli.ts",
  "src/generated/mcp.ts",
  "src/generated/rest.ts",
  "src/generated/rpc.ts",
  "docs/reference/comms/send.md",
  "openapi.yaml",
];

describe("[contract.hard_cut] nothing of the legacy surface is left", () => {
  test("[seed003.m0] [seed003.m12] [seed003.accept-no-legacy] in this tree", async () => {
    expect(await hardCutGate(root)).toEqual([]);
  });

  const cases = places.flatMap(([kind, path, line]) =>
    legacyNames.map((name) => ({ kind, path, line, name })),
  );
  test.each(cases)(
    "[seed003.m0] [seed003.m12] [seed003.m13] [seed003.gate-docs] red when $name stands in a $kind",
    async ({ path, line, name }) => {
      const tree = copyTree(files);
      if (files.includes(path)) tree.edit(path, (text) => text + line(name));
      else tree.write(path, line(name));
      expect(await hardCutGate(tree.root)).toContain(
        `${path} says "${name}", which the hard cut removed: use send, stream or peers; there are no aliases.`,
      );
    },
  );

  const exported: [kind: string, path: string, line: (name: string) => string][] = [
    [
      "exported function",
      "sdks/typescript/src/legacy.ts",
      (name) => `export async function ${name}(): Promise<void> {}\n`,
    ],
    ["exported constant", "src/domains/messaging/comms/legacy.ts", (name) => `export const ${name} = 1;\n`],
    ["re-export", "sdks/typescript/src/index.ts", (name) => `export { send as ${name} } from "./send.js";\n`],
    [
      "class method",
      "sdks/typescript/src/client.ts",
      (name) => `export class Client {\n  async ${name}(body: string) {}\n}\n`,
    ],
    ["docs page", "docs/guide.md", (name) => `\`client.${name}()\`\n`],
    ["example", "examples/typescript/old.ts", (name) => `await client.${name}();\n`],
  ];
  const identifiers = legacyNames.map((name) => camelCase(name.replace("/", "_")));
  test.each(
    exported.flatMap(([kind, path, line]) => identifiers.map((name) => ({ kind, path, line, name }))),
  )("[seed003.m12] [seed003.gate-sdk-exports] red when $name is a $kind", async ({ path, line, name }) => {
    const tree = copyTree(files);
    tree.write(path, line(name));
    expect(await hardCutGate(tree.root)).toEqual([
      `${path} says "${name}", which the hard cut removed: use send, stream or peers; there are no aliases.`,
    ]);
  });

  const scaffolds: [kind: string, path: string, text: string, name: string][] = [
    [
      "drain adapter",
      "src/domains/messaging/comms/old.ts",
      "export function drainAdapter(): void {}\n",
      "drainAdapter",
    ],
    ["injector", "sdks/typescript/src/old.ts", "export class EventInjector {}\n", "EventInjector"],
    ["injector bridge", "src/old.ts", "export const injectorBridge = 1;\n", "injectorBridge"],
    [
      "subscriber bridge",
      "sdks/python/src/parley/old.py",
      "def subscriber_bridge():\n    pass\n",
      "subscriber_bridge",
    ],
    ["legacy seam", "src/domains/messaging/comms/seam.ts", "export interface LegacySeam {}\n", "LegacySeam"],
  ];
  test.each(scaffolds)(
    "[seed003.m2] [seed003.accept-no-scaffolding] red when a %s was not deleted",
    async (_, path, text, name) => {
      const tree = copyTree(files);
      tree.write(path, text);
      expect(await hardCutGate(tree.root)).toEqual([
        `${path} has "${name}": scaffolding of the cut-over is deleted before the merge; use send, stream and peers.`,
      ]);
    },
  );

  test("[seed003.gate-sdk-exports] red when a Python name comes back", async () => {
    const tree = copyTree(files);
    tree.write(
      "sdks/python/src/parley/client.py",
      "class Client:\n    async def push_event(self):\n        pass\n",
    );
    expect(await hardCutGate(tree.root)).toEqual([
      expect.stringMatching('^sdks/python/src/parley/client.py says "push_event"'),
    ]);
  });

  test.each([
    ["src/generated/mcp.ts", /name: "peers"/, 'name: "inbox"'],
    ["schemas/dist/mcp-tools.json", /"name": "peers"/, '"name": "inbox"'],
  ])(
    "[seed003.m10] [seed003.gate-mcp-tools] red when %s has other tools than send and peers",
    async (path, found, other) => {
      const tree = copyTree(files);
      tree.edit(path, (text) => text.replace(found, other));
      expect(await hardCutGate(tree.root)).toEqual([
        `${path} lists the tools inbox, send: /mcp has exactly send and peers; give other planes a server of their own.`,
      ]);
    },
  );

  test("[seed003.gate-initialize] red when the RPC methods have an event call", async () => {
    const tree = copyTree(files);
    tree.edit("src/generated/rpc.ts", (text) => text.replace('"comms/peers":', '"event/pull":'));
    expect(await hardCutGate(tree.root)).toEqual([
      'The RPC methods have "event/pull": remove it; streams are comms/stream_open and comms/stream_event.',
    ]);
  });
});
