import { realpathSync } from "node:fs";
import { basename, delimiter, dirname, isAbsolute, join } from "node:path";
import { quoted } from "../../sdks/typescript/src/runtime/node/own-path.js";

/** What the words depend on; tests pass their own. */
export interface Invocation {
  /** The program that runs, as it was started. */
  program: string;
  path: string;
  cwd: string;
}

/**
 * The words that run this very command from a terminal in the same folder. `parley` where the PATH of a shell has it; folders
 * of packages do not count, because npm puts them on the PATH of its scripts only. `npx --no-install parley` in the checkout,
 * which never downloads: the name `parley` belongs to another project on npm. Otherwise the absolute path.
 */
export function ownCommand(invocation: Invocation = current()): string {
  const program = real(invocation.program);
  if (program === undefined) return "parley";
  const folders = invocation.path.split(delimiter).filter((folder) => isAbsolute(folder));
  const first = folders
    .filter((folder) => !isOfPackages(folder))
    .map((folder) => real(join(folder, "parley")))
    .find((found) => found !== undefined);
  if (first === program) return "parley";
  if (real(join(invocation.cwd, "node_modules/.bin/parley")) === program) return "npx --no-install parley";
  return quoted(program);
}

function current(): Invocation {
  return { program: process.argv[1] ?? "", path: process.env.PATH ?? "", cwd: process.cwd() };
}

function isOfPackages(folder: string): boolean {
  return basename(folder) === ".bin" && basename(dirname(folder)) === "node_modules";
}

function real(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}
