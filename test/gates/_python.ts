import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { root } from "./_tree.js";

/** Runs a script of this folder with the Python SDK, or another one, on its path; each item is a line of JSON on its stdin. */
export async function runPython(
  script: string,
  lines: string[],
  sdk = join(root, "sdks/python/src"),
): Promise<unknown> {
  const child = spawn(pythonPath(), [join(root, "test/gates", script)], {
    env: { ...process.env, PYTHONPATH: sdk, PYTHONDONTWRITEBYTECODE: "1" },
    stdio: ["pipe", "pipe", "inherit"],
  });
  child.stdin.end(lines.map((line) => `${line}\n`).join(""));
  let output = "";
  for await (const chunk of child.stdout) output += String(chunk);
  return JSON.parse(output);
}

/** The interpreter that has the Python SDK's dependencies. */
export function pythonPath(): string {
  const python = process.env.PARLEY_TEST_PYTHON ?? join(root, "sdks/python/.venv/bin/python");
  if (!existsSync(python))
    throw new Error(`${python} is missing: \`npm test\` makes the Python environment.`);
  return python;
}
