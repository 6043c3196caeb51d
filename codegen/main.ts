import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { acceptContract } from "./accept.js";
import { sha256 } from "./canonical.js";
import type { Contract, OutputFile } from "./contract.js";
import { emitAll, generatedFolders } from "./emit/index.js";
import { type LoadOptions, loadContract } from "./load.js";

/** The command that brings the generated files up to date. */
const fix = "run `npm run codegen` and commit what it writes";

/** Every generated file below `root`, `contract-version.json` included. */
export function generate(root: string, options: LoadOptions = {}): OutputFile[] {
  const contract = loadContract(root, options);
  const files = emitAll(contract);
  return [...files, contractVersion(contract, files)];
}

function contractVersion({ version, digest }: Contract, files: OutputFile[]): OutputFile {
  const outputs = Object.fromEntries(files.map(({ path, text }) => [path, sha256(text)]));
  const text = JSON.stringify({ contract: version, digest, outputs }, null, 2);
  return { path: "contract-version.json", text: `${text}\n` };
}

/** Differences between what is on disk and what the schemas give, one sentence each. */
export function findStale(root: string, files: OutputFile[]): string[] {
  const changed = files.flatMap(({ path, text }) => {
    if (!existsSync(join(root, path))) return [`${path} is missing: ${fix}.`];
    const same = readFileSync(join(root, path), "utf8") === text;
    return same ? [] : [`${path} is not what the schemas give: ${fix}; never edit it by hand.`];
  });
  const extra = findExtra(root, files).map(
    (path) => `${path} is in a generated folder, but nothing generates it: ${fix}.`,
  );
  return [...changed, ...extra];
}

function findExtra(root: string, files: OutputFile[]): string[] {
  const known = new Set(files.map(({ path }) => path));
  return generatedFolders.flatMap((folder) => listFiles(root, folder)).filter((path) => !known.has(path));
}

function listFiles(root: string, folder: string): string[] {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.name === "__pycache__") return [];
    return entry.isDirectory() ? listFiles(root, path) : [path];
  });
}

/** Writes what differs and removes what nothing generates; returns the paths touched. */
export function write(root: string, files: OutputFile[]): string[] {
  const touched: string[] = [];
  for (const { path, text } of files) {
    const target = join(root, path);
    if (existsSync(target) && readFileSync(target, "utf8") === text) continue;
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, text);
    touched.push(path);
  }
  for (const path of findExtra(root, files)) {
    rmSync(join(root, path));
    touched.push(path);
  }
  return touched;
}

function main(args: string[]): number {
  const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
  try {
    const accept = args.indexOf("--accept");
    if (accept >= 0) process.stdout.write(`${acceptContract(root, args[accept + 1] ?? "")}\n`);
    const started = performance.now();
    const files = generate(root);
    if (!args.includes("--check")) {
      const touched = write(root, files);
      const elapsed = Math.round(performance.now() - started);
      process.stdout.write(`codegen: ${files.length} files, ${touched.length} changed, ${elapsed} ms\n`);
      for (const path of touched) process.stdout.write(`  ${path}\n`);
      return 0;
    }
    const stale = findStale(root, files);
    process.stderr.write(stale.map((line) => `${line}\n`).join(""));
    return stale.length === 0 ? 0 : 1;
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    return 1;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = main(process.argv.slice(2));
