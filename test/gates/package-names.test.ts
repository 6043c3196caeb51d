import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { packageNamesGate } from "../../codegen/gates/package-names.js";
import { copyTree, root } from "./_tree.js";

describe("[packages.names] nothing fetches a package that belongs to another project", () => {
  test("in this tree", async () => {
    expect(await packageNamesGate(root)).toEqual([]);
  });

  test.each([
    ["README.md", "Run `npx parley peers`."],
    ["AGENTS.md", "npx -y parley mcp --name x"],
    ["docs/mcp.md", '{ "command": "npx", "args": ["-y", "parley", "mcp"] }'],
    ["docs/agents.md", "args = ['parley@latest', 'mcp'] # npx parley@latest"],
    ["docs/agents.md", 'command: ["npx", "parley", "mcp"]'],
    ["docs/agents.md", "npx --package=parley parley peers"],
    ["docs/agents.md", "npx -p parley parley peers"],
    ["docs/agents.md", "npm exec --yes parley -- peers"],
    ["docs/agents.md", "npm install -g parley"],
    ["docs/agents.md", "npm i parley"],
    ["docs/agents.md", "bunx parley peers"],
    ["docs/agents.md", "pnpm dlx parley peers"],
    ["docs/agents.md", "uvx --from parley parley"],
    ["sdks/python/README.md", "pip install parley"],
    ["sdks/python/README.md", "python3 -m pip install --upgrade parley==0.3.0"],
    ["sdks/python/README.md", "pip install httpx parley"],
    ["sdks/python/README.md", "uv add parley"],
    ["sdks/typescript/README.md", 'import { createClient } from "@parley/sdk";'],
    ["docs/embedding.md", 'import { openCore } from "parley/core";'],
    ["docs/reference/comms/send.md", "npx parley send"],
    ["src/cli/local/up.ts", "print(`npx parley peers`);"],
    ["console/index.html", "<code>npx parley console</code>"],
    ["sdks/python/src/parley/_runtime/x.py", 'raise Error("run pip install parley[cli]")'],
    ["examples/package.json", '{"dependencies": {"parley": "^0.3.0"}}'],
    ["skills/parley/SKILL.md", "npx parley mcp"],
  ])("[packages.names] red in %s: %s", async (path, line) => {
    const tree = copyTree([]);
    tree.write(path, `${line}\n`);
    expect(await packageNamesGate(tree.root)).toHaveLength(1);
  });

  test.each([
    "npx --no-install parley peers",
    "npx --no parley peers",
    "npm install parleyd parley-sdk",
    "pip install parley-sdk",
    "pip install ./sdks/python",
    "npx --no-install node examples/hello.ts, or parley peers",
    "parley mcp --name planner",
    'import { AsyncParley } from "parley"; // from parley import AsyncParley',
    '{ "mcpServers": { "parley": { "command": "parley", "args": ["mcp"] } } }',
  ])("[packages.names] taken: %s", async (line) => {
    const tree = copyTree([]);
    tree.write("README.md", `${line}\n`);
    expect(await packageNamesGate(tree.root)).toEqual([]);
  });

  test("the packages have the names that this project may use", () => {
    const json = (path: string) => JSON.parse(readFileSync(join(root, path), "utf8"));
    expect([json("package.json").name, json("package.json").bin]).toEqual([
      "parleyd",
      { parley: "dist/cli.cjs" },
    ]);
    expect(json("sdks/typescript/package.json").name).toBe("parley-sdk");
    expect(readFileSync(join(root, "sdks/python/pyproject.toml"), "utf8")).toMatch(/^name = "parley-sdk"$/m);
  });
});
