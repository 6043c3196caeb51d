import { lstatSync, realpathSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Why clients refuse a unix socket in this folder; undefined when they accept it. The folder belongs to this user or
 * root, and no other user can write to it or replace a folder above it: otherwise another user could put a socket of
 * their own in place of ours between a client's check and its connection. The SDKs apply the same rule.
 */
export function socketFolderProblem(folder: string, uid = process.geteuid?.()): string | undefined {
  if (uid === undefined) return undefined;
  let real: string;
  try {
    real = realpathSync(folder);
  } catch (error) {
    return `${folder} cannot be read (${(error as NodeJS.ErrnoException).code})`;
  }
  const own = problemOf(real, [uid, 0], 0o022);
  if (own !== undefined || dirname(real) === real) return own;
  // Where root has no number in this user namespace, the owner of `/` is who administers the machine.
  const trusted = [uid, 0, lstatSync("/").uid];
  for (let path = dirname(real); ; path = dirname(path)) {
    const { gid, mode } = lstatSync(path);
    const isSticky = (mode & 0o1000) !== 0;
    // A group with the user's own number has no other members.
    const othersWrite = gid === uid || gid === 0 ? 0o002 : 0o022;
    const problem = problemOf(path, trusted, isSticky ? 0 : othersWrite);
    if (problem !== undefined || dirname(path) === path) return problem;
  }
}

function problemOf(path: string, owners: readonly number[], forbidden: number): string | undefined {
  const { uid, mode } = lstatSync(path);
  if (!owners.includes(uid)) return `${path} belongs to user ${uid}`;
  if ((mode & forbidden) === 0) return undefined;
  return `${path} can be written by other users (mode ${(mode & 0o7777).toString(8)})`;
}
