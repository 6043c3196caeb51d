import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startDaemon, type TestDaemon } from "../support/daemon.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const python = process.env.PARLEY_TEST_PYTHON ?? "python3";

interface Block {
  file: string;
  line: number;
  language: string;
  /** Why the block is not run; undefined when it is. */
  noRun: string | undefined;
  text: string;
}

/** Figures and pictures, which nothing can run. */
const pictures = new Set(["", "text", "json", "toml"]);

const files = [
  "README.md",
  "AGENTS.md",
  "CONTRIBUTING.md",
  "sdks/typescript/README.md",
  "sdks/python/README.md",
  ...readdirSync(join(root, "docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
];
const blocks = files.flatMap(readBlocks);
const runnable = blocks.filter(({ noRun }) => noRun === undefined);

describe("[docs.blocks] the code in the docs", () => {
  let daemon: TestDaemon;
  beforeAll(async () => {
    daemon = await startDaemon();
  });
  afterAll(() => daemon?.[Symbol.asyncDispose]());

  test("every block that is not run says why, and few are", () => {
    const marked = blocks.filter(({ noRun }) => noRun !== undefined);
    expect(marked.filter(({ noRun }) => noRun === "").map(({ file, line }) => `${file}:${line}`)).toEqual([]);
    console.log(`${runnable.length} blocks run, ${marked.length} marked no-run`);
    // Eight of them are recipes for model servers and coding agents, which cannot be had here.
    expect(marked.length).toBeLessThanOrEqual(15);
  });

  const byFile = Map.groupBy(runnable, ({ file }) => file);
  test.each([...byFile])(
    "%s runs as written, from top to bottom",
    async (file, own) => {
      const shellBlocks = own.filter(({ language }) => language === "sh");
      // One shell for the whole page: what a block leaves in the background serves the next.
      const { code, output } = await shell(daemon, relocate(daemon, shellBlocks));
      expect(code, `${file}\n${output}`).toBe(0);
      if (file === "README.md") {
        expect(output).toContain("answers with what it was sent");
        // A note follows the text on its line where both go to one pipe.
        expect(output).toMatch(/^hi(?:$|· )/m);
        expect(output).toContain("# Changelog");
        expect(output).toContain("event: interaction_complete");
      }
      if (file === "docs/agents.md") expect(output).toContain("step 3 of 3");
      if (file === "docs/agents.md") expect(output).toMatch(/^answered [0-9a-f-]{36}$/m);
      for (const block of own.filter(({ language }) => language !== "sh")) {
        const result = await runBlock(daemon, block);
        expect(result.code, `${file}:${block.line}\n${block.text}\n---\n${result.output}`).toBe(0);
      }
    },
    180_000,
  );
});

function readBlocks(file: string): Block[] {
  const lines = readFileSync(join(root, file), "utf8").split("\n");
  const found: Block[] = [];
  let open: Block | undefined;
  lines.forEach((line, index) => {
    const fence = /^```(\w*)(?: +no-run: *(.*))?/.exec(line);
    if (fence === null) {
      if (open !== undefined) open.text += `${line}\n`;
    } else if (open === undefined) {
      open = { file, line: index + 1, language: fence[1]!, noRun: fence[2], text: "" };
    } else {
      if (!pictures.has(open.language)) found.push(open);
      open = undefined;
    }
  });
  return found;
}

/** The blocks as one script; the docs name the default port and places of their own, which here lie elsewhere. */
function relocate(daemon: TestDaemon, own: readonly Block[]): string {
  return own
    .map(({ text }) => text)
    .join("\n")
    .replaceAll("/tmp/", `${daemon.folder}/`)
    .replaceAll("http://127.0.0.1:7433", daemon.address)
    .replaceAll("sdks/python/.venv/bin/python", python);
}

async function runBlock(daemon: TestDaemon, block: Block): Promise<{ code: number | null; output: string }> {
  const scratch = join(daemon.folder, "blocks");
  mkdirSync(scratch, { recursive: true });
  switch (block.language) {
    case "ts": {
      const file = join(scratch, `block-${block.line}.ts`);
      writeFileSync(
        file,
        block.text
          .replaceAll('"parley-sdk"', JSON.stringify(join(root, "sdks/typescript/src/index.ts")))
          .replaceAll('"parleyd/core"', JSON.stringify(join(root, "src/core.ts"))),
      );
      return shell(daemon, `node --import ${root}/scripts/ts.mjs ${file}`);
    }
    case "python": {
      const file = join(scratch, `block-${block.line}.py`);
      writeFileSync(file, block.text);
      return shell(daemon, `${python} ${file}`);
    }
    default:
      throw new Error(
        `${block.file}:${block.line}: no way to run a ${block.language} block; mark it no-run with a reason`,
      );
  }
}

/** Runs a script and then ends what it left in the background. */
function shell(daemon: TestDaemon, script: string): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    // The docs have the command on the PATH.
    const bin = join(daemon.folder, "bin");
    mkdirSync(bin, { recursive: true });
    if (!existsSync(join(bin, "parley"))) symlinkSync(join(root, "dist/cli.cjs"), join(bin, "parley"));
    const env = { ...daemon.env, PATH: `${bin}:${root}/node_modules/.bin:${process.env.PATH}` };
    const child = spawn("bash", ["-eu", "-o", "pipefail", "-c", script], {
      cwd: root,
      env,
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text) => (output += text));
    child.on("error", reject);
    child.on("exit", (code) => {
      try {
        process.kill(-child.pid!, "SIGTERM");
      } catch {
        // Nothing was left running.
      }
      resolve({ code, output });
    });
  });
}
