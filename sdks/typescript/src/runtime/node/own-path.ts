import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readFileSync,
  realpathSync,
  type Stats,
} from "node:fs";
import { basename, dirname, isAbsolute, join } from "node:path";

/** Why a path is not used, and the command that changes this where one can. */
export interface Refusal {
  path: string;
  why: string;
  fix?: string;
}

/** What a path turned out to be; undefined when there is nothing. */
export type Looked<T> = { value: T } | { refusal: Refusal } | undefined;

/**
 * The text of a private file (0600) of this user. Symbolic links are not followed, and owner and mode are those of the open
 * file, so that it cannot be exchanged between check and read.
 */
export function readOwnFile(path: string, uid: number): Looked<string> {
  let file: number | undefined;
  try {
    // Opening a pipe without a writer would wait.
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const stat = fstatSync(file);
    if (!stat.isFile()) return { refusal: { path, why: "is not a file" } };
    const refusal = strangersRight(path, stat, uid);
    return refusal === undefined ? { value: readFileSync(file, "utf8") } : { refusal };
  } catch (error) {
    return unreadable(path, error as NodeJS.ErrnoException, uid);
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/**
 * The path to connect to, when it is a private socket (0600) of this user in a folder where no other user can put another
 * in its place before the connection is made.
 */
export function ownSocket(path: string, uid: number): Looked<string> {
  if (!isAbsolute(path)) return { refusal: { path, why: "is not an absolute path" } };
  try {
    const folder = realpathSync(dirname(path));
    const real = join(folder, basename(path));
    const stat = lstatSync(real);
    if (stat.isSymbolicLink()) return { refusal: removable({ path, why: isLink }, uid) };
    if (!stat.isSocket()) return { refusal: { path, why: "is not a socket" } };
    const refusal = strangersRight(path, stat, uid) ?? strangersFolder(folder, uid);
    return refusal === undefined ? { value: real } : { refusal };
  } catch (error) {
    return unreadable(path, error as NodeJS.ErrnoException, uid);
  }
}

function strangersRight(path: string, stat: Stats, uid: number): Refusal | undefined {
  if (stat.uid !== uid) return removable({ path, why: belongsTo(stat.uid, uid) }, uid);
  if ((stat.mode & 0o077) === 0) return undefined;
  return { path, why: `is open to other users, mode ${octal(stat.mode)}`, fix: `chmod 600 ${quoted(path)}` };
}

/** In a folder of their own, users may remove what is not theirs; the daemon writes its file or socket again. */
function removable(refusal: Refusal, uid: number): Refusal {
  const { path } = refusal;
  return lstatSync(dirname(path)).uid === uid ? { ...refusal, fix: `rm ${quoted(path)}` } : refusal;
}

/** The folder belongs to this user or root, and no other user can write to it or replace a folder above it. */
function strangersFolder(folder: string, uid: number): Refusal | undefined {
  const own = strangersWrite(folder, [uid, 0], 0o022, uid);
  if (own !== undefined) return own;
  // Where root has no number in this user namespace, the owner of `/` is who administers the machine.
  const trusted = [uid, 0, lstatSync("/").uid];
  for (let path = dirname(folder), below = folder; path !== below; below = path, path = dirname(path)) {
    const { gid, mode } = lstatSync(path);
    const isSticky = (mode & 0o1000) !== 0;
    // A group with the user's own number has no other members.
    const othersWrite = gid === uid || gid === 0 ? 0o002 : 0o022;
    const refusal = strangersWrite(path, trusted, isSticky ? 0 : othersWrite, uid);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

function strangersWrite(
  path: string,
  owners: readonly number[],
  forbidden: number,
  uid: number,
): Refusal | undefined {
  const { uid: owner, mode } = lstatSync(path);
  if (!owners.includes(owner)) return { path, why: belongsTo(owner, uid) };
  if ((mode & forbidden) === 0) return undefined;
  const why = `can be written by other users, mode ${octal(mode)}`;
  return owner === uid ? { path, why, fix: `chmod go-w ${quoted(path)}` } : { path, why };
}

function unreadable(path: string, { code }: NodeJS.ErrnoException, uid: number): Looked<never> {
  if (code === "ENOENT" || code === "ENOTDIR") return undefined;
  if (code === "ELOOP") return { refusal: removable({ path, why: isLink }, uid) };
  return { refusal: { path, why: `cannot be read, ${code}` } };
}

const isLink = "is a symbolic link";

function belongsTo(owner: number, uid: number): string {
  return `belongs to user ${owner}, not to you, user ${uid}`;
}

/** The path as a shell reads it. */
export function quoted(path: string): string {
  return /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\"'\"'")}'`;
}

function octal(mode: number): string {
  return (mode & 0o7777).toString(8).padStart(4, "0");
}
