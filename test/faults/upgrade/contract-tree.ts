import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type Mutation, mutate } from "../kit/mutated-bundle.js";
import { laterSteps } from "./later-steps.js";

const run = promisify(execFile);

/** Where this tree lies. */
export const root = fileURLToPath(new URL("../../../", import.meta.url));

const parts = [
  "schemas",
  "codegen",
  "src",
  "sdks/typescript",
  "sdks/python/src",
  "console",
  "scripts",
  "docs/reference",
  "package.json",
  "package-lock.json",
  "tsconfig.json",
  "contract-version.json",
  "openapi.yaml",
];
const leftOut = new Set(["node_modules", "dist", "__pycache__"]);

/** A program: its sources, its SDKs and, when built, its daemon and command line. */
export interface Program {
  readonly root: string;
  readonly built: boolean;
  /** Contract version and the digest's first 16 hex digits. */
  readonly contract: string;
  readonly digest: string;
}

export interface ContractTree extends Program, Disposable {}

export function programAt(root: string): Program {
  const { contract, digest } = JSON.parse(read(join(root, "contract-version.json"))) as Program;
  return { root, built: existsSync(join(root, "dist/daemon.js")), contract, digest: digest.slice(0, 16) };
}

export interface TreeOptions {
  /** Default: true. */
  built?: boolean;
  /** Faults to inject; their files are paths from the tree's root. */
  mutations?: readonly Mutation[];
}

/** Makes the program as another contract makes it: a new operation, a new field in an answer, a later schema. */
export async function contractTree(version: string, options: TreeOptions = {}): Promise<ContractTree> {
  const tree = mkdtempSync(join(tmpdir(), "parley-contract-"));
  const edit = (path: string, changes: [from: string, to: string][]): void => {
    const file = join(tree, path);
    const changed = changes.reduce((text, [from, to]) => mutate(text, { file: path, from, to }), read(file));
    writeFileSync(file, changed);
  };
  try {
    for (const part of parts)
      cpSync(join(root, part), join(tree, part), {
        recursive: true,
        filter: (path) => !leftOut.has(basename(path)) || path.endsWith("schemas/dist"),
      });
    symlinkSync(join(root, "node_modules"), join(tree, "node_modules"));
    edit("contract-version.json", [
      [`"contract": "${programAt(root).contract}"`, `"contract": "${version}"`],
    ]);
    addOperation(tree);
    edit("src/domains/system/index.ts", [
      ["import { health }", 'import { echo } from "./echo.js";\nimport { health }'],
      ["version: version(ports),", "version: version(ports), echo: echo(ports),"],
    ]);
    edit("schemas/system/version.json", [
      [
        '"digest": {',
        '"note": { "description": "New.", "type": "string", "maxLength": 64 },\n        "digest": {',
      ],
    ]);
    edit("src/domains/system/version.ts", [
      ["digest: CONTRACT_DIGEST", 'digest: CONTRACT_DIGEST, note: "new"'],
    ]);
    edit("src/storage/sqlite/schema.ts", [[laterSteps.from, laterSteps.to]]);
    for (const { file, from, to } of options.mutations ?? []) edit(file, [[from, to]]);
    await run(process.execPath, ["--import", "./scripts/ts.mjs", "codegen/main.ts"], { cwd: tree });
    if (options.built !== false) await run(process.execPath, ["scripts/build.mjs"], { cwd: tree });
  } catch (error) {
    rmSync(tree, { recursive: true });
    throw error;
  }
  return { ...programAt(tree), [Symbol.dispose]: () => rmSync(tree, { recursive: true, force: true }) };
}

/** `system.echo`, which answers as `system.version` does. */
function addOperation(tree: string): void {
  const schema = read(join(tree, "schemas/system/version.json"))
    .replaceAll("system/version", "system/echo")
    .replace('"system.version"', '"system.echo"')
    .replace('"/version"', '"/echo"');
  writeFileSync(join(tree, "schemas/system/echo.json"), schema);
  const handler = read(join(tree, "src/domains/system/version.ts"))
    .replace("function version", "function echo")
    .replace("system.version", "system.echo");
  writeFileSync(join(tree, "src/domains/system/echo.ts"), handler);
}

function read(path: string): string {
  return readFileSync(path, "utf8");
}
