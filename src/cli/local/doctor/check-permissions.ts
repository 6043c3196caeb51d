import { accessSync, constants, statSync } from "node:fs";
import { dirname } from "node:path";
import { byteSize } from "../copy-progress.js";
import { ok, type Result, trouble } from "./finding.js";

const largeLogBytes = 100 * 2 ** 20;

/** The folder is the user's alone and can be written, or can be made. */
export function checkFolder(folder: string, uid = process.getuid?.()): Result[] {
  const there = nearest(folder);
  try {
    accessSync(there, constants.W_OK | constants.X_OK);
  } catch (error) {
    return [trouble("folder-unwritable", (error as Error).message, { path: there })];
  }
  if (there !== folder) return [ok(`${folder} (made at the first start)`)];
  const { mode, uid: owner } = statSync(folder);
  const found: Result[] = [];
  if (uid !== undefined && owner !== uid) found.push(ownedBy(folder, owner, uid));
  if ((mode & 0o077) !== 0) found.push(trouble("folder-open", modeOf(folder, mode), { path: folder }));
  return found.length > 0 ? found : [ok(`${folder}, yours alone`)];
}

/** Files that are there belong to the user alone. */
export function checkFiles(paths: readonly string[], uid = process.getuid?.()): Result[] {
  const found: Result[] = [];
  let looked = 0;
  for (const path of paths) {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat === undefined) continue;
    looked++;
    if (uid !== undefined && stat.uid !== uid) found.push(ownedBy(path, stat.uid, uid));
    if ((stat.mode & 0o077) !== 0) found.push(trouble("file-open", modeOf(path, stat.mode), { path }));
  }
  return found.length > 0 ? found : [ok(`${looked} files, yours alone`)];
}

export function checkLog(path: string, pid: number | undefined): Result {
  const size = statSync(path, { throwIfNoEntry: false })?.size;
  if (size === undefined) return ok(`${path} (none yet)`);
  const says = `${path}: ${byteSize(size)}`;
  return size > largeLogBytes ? trouble("log-large", says, { path, pid: pid ?? "<pid>" }) : ok(says);
}

/** The nearest folder above that is there. */
export function nearest(folder: string): string {
  return statSync(folder, { throwIfNoEntry: false }) === undefined && dirname(folder) !== folder
    ? nearest(dirname(folder))
    : folder;
}

function ownedBy(path: string, owner: number, uid: number): Result {
  return trouble("owner-wrong", `${path} belongs to user ${owner}, you are ${uid}`, { path });
}

function modeOf(path: string, mode: number): string {
  return `${path} has mode ${(mode & 0o777).toString(8)}`;
}
