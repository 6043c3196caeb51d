import { createHash } from "node:crypto";
import { accessSync, constants, existsSync, lstatSync, mkdirSync, mkdtempSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { makeFolder } from "./make-folder.js";
import { socketFolderProblem } from "./socket-folder.js";

/** Makes a folder ready for the socket and returns the socket's path; throws with the reason when it cannot lie there. */
export type SocketPlace = () => string;

/** Bytes of `sun_path` without the zero that ends it. */
export const longestSocketPath = process.platform === "linux" ? 107 : 103;

/**
 * Where the socket may lie, best first: the wanted path, then one in a private folder below the system's temporary folder,
 * for a path that is too long and a folder that is unusable. The discovery file names the path in use.
 */
export function socketPlaces(wanted: string): readonly SocketPlace[] {
  return [() => wantedPlace(wanted), () => temporaryPlace(wanted)];
}

/** Whether the path lies in the private folder, as far as this process's temporary folder is the same. */
export function isTemporaryPlace(path: string): boolean {
  const folder = dirname(path);
  return basename(folder).startsWith(ownName()) && temporaryFolders().includes(dirname(folder));
}

/** Removes the private folder again, once the socket is gone; a folder that holds anything stays. */
export function removeTemporaryPlace(path: string): void {
  if (!isTemporaryPlace(path)) return;
  try {
    rmdirSync(dirname(path));
  } catch {
    // Another socket of this user lies there.
  }
}

/** Why the socket cannot lie there; undefined when it can, as far as is seen without making its folder. */
export function socketPathProblem(path: string): string | undefined {
  const bytes = Buffer.byteLength(path);
  if (bytes > longestSocketPath)
    return `${path} is longer than the system allows: ${bytes} of at most ${longestSocketPath} bytes`;
  const folder = dirname(path);
  return existsSync(folder) ? (socketFolderProblem(folder) ?? unwritable(folder)) : undefined;
}

function unwritable(folder: string): string | undefined {
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

function wantedPlace(path: string): string {
  if (Buffer.byteLength(path) <= longestSocketPath) makeFolder(dirname(path));
  const problem = socketPathProblem(path);
  if (problem !== undefined) throw new Error(problem);
  return path;
}

/** The name differs by the wanted path, because several daemons of one user may need the folder. */
function temporaryPlace(wanted: string): string {
  const name = `${createHash("sha256").update(wanted).digest("hex").slice(0, 12)}.sock`;
  const problems: string[] = [];
  for (const base of temporaryFolders())
    try {
      return wantedPlace(join(privateFolder(base), name));
    } catch (error) {
      problems.push((error as Error).message);
    }
  throw new Error(problems.join("; "));
}

function temporaryFolders(): string[] {
  return [...new Set([tmpdir(), "/tmp"])];
}

function ownName(): string {
  return `parley-${process.geteuid?.() ?? "user"}`;
}

/** Another user may have taken the first name, which everybody can guess; the second is made in one step and cannot be. */
function privateFolder(base: string): string {
  const folder = join(base, ownName());
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  const { mode, uid } = lstatSync(folder);
  const isPrivate = (mode & constants.S_IFMT) === constants.S_IFDIR && (mode & 0o077) === 0;
  return isPrivate && uid === process.geteuid?.() ? folder : mkdtempSync(`${folder}-`);
}
