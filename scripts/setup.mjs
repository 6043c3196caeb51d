// What every script needs before anything else: installed packages and the Node that the project runs on.
// Plain JavaScript without dependencies, because it runs on the machine's own Node before anything is installed.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import nodeVersion from "./entry/node-version.cjs";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
const cache = join(root, ".cache");

/** True when `key`'s content was already handled under this name; call `remember` after the work succeeded. */
export function isCurrent(name, key) {
  const file = join(cache, `${name}.stamp`);
  return existsSync(file) && readFileSync(file, "utf8") === key;
}

export function remember(name, key) {
  mkdirSync(cache, { recursive: true });
  writeFileSync(join(cache, `${name}.stamp`), key);
}

export function hashFiles(files) {
  const hash = createHash("sha256");
  for (const file of files) hash.update(file).update(readFileSync(join(root, file)));
  return hash.digest("hex");
}

/** Installs the locked packages unless they already are. */
export function ensureInstalled() {
  const key = `${process.platform}-${process.arch}-${hashFiles(["package.json", "package-lock.json", "sdks/typescript/package.json"])}`;
  if (existsSync(join(root, "node_modules/.package-lock.json")) && isCurrent("npm", key))
    return linkCommand();
  console.log("parley: installing packages (npm ci) ...");
  const npm = process.env.npm_execpath;
  const [command, args] = npm?.endsWith(".js") ? [process.execPath, [npm]] : ["npm", []];
  const done = spawnSync(command, [...args, "ci", "--no-fund", "--no-audit"], {
    cwd: root,
    stdio: "inherit",
  });
  if (done.status !== 0) {
    console.error("parley: npm ci failed; see its messages above. Node 20 with npm 11 or newer is needed.");
    process.exit(1);
  }
  remember("npm", key);
  linkCommand();
}

/**
 * Puts `parley` where `npx` looks first. Without it npx keeps a link of its own for each folder and never renews it,
 * so that a checkout whose command has moved since is answered with "not found".
 */
function linkCommand() {
  if (process.platform === "win32") return;
  const { bin } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const link = join(root, "node_modules/.bin/parley");
  const target = join("../..", bin.parley);
  try {
    if (readlinkSync(link) === target) return;
  } catch {
    // There is none yet.
  }
  rmSync(link, { force: true });
  symlinkSync(target, link);
}

/** The Node that the project runs on: the packaged one where there is one, else the machine's own when it is new enough. */
export function projectNode() {
  const packaged = nodeVersion.packagedNode();
  if (packaged !== undefined) return packaged;
  if (nodeVersion.fits(nodeVersion.oldest)) return process.execPath;
  console.error(
    `parley: Node ${nodeVersion.oldest} or newer is needed, this is ${process.version}, and no package brings one for ${process.platform}-${process.arch}. Install Node 24 from https://nodejs.org.`,
  );
  process.exit(1);
}

/** Environment with the project's Node and package binaries first on the PATH. */
export function projectEnv(extra = {}) {
  const separator = process.platform === "win32" ? ";" : ":";
  return { ...process.env, ...extra, PATH: join(root, "node_modules/.bin") + separator + process.env.PATH };
}

/** Runs a command to its end; resolves with its exit code. `started` receives the child. */
export function run(command, args, options = {}, started = () => undefined) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: "inherit", env: projectEnv(), ...options });
    started(child);
    child.on("error", reject);
    child.on("exit", (code, signal) => resolve(code ?? (signal ? 1 : 0)));
  });
}
