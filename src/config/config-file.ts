import { closeSync, fstatSync, openSync, readFileSync } from "node:fs";
import { ConfigError } from "./config-error.js";

/**
 * The text of a config file, undefined when there is none. Throws ConfigError for a file of another user, except root,
 * and for a file that another user can write to: the file decides where the daemon listens and whom it admits. Owner and
 * mode are those of the open file, so that it cannot be exchanged between check and read.
 */
export function readOwnFile(path: string, uid = process.geteuid?.()): string | undefined {
  let file: number | undefined;
  try {
    file = openSync(path, "r");
    if (uid !== undefined) checkOwner(path, fstatSync(file), uid);
    return readFileSync(file, "utf8");
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause;
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    const advice = "give this user the right to read it, or name another file with `--config`";
    throw new ConfigError(path, undefined, `this file cannot be read (${code}); ${advice}`, { cause });
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

function checkOwner(path: string, { uid: owner, mode }: { uid: number; mode: number }, uid: number): void {
  if (owner !== uid && owner !== 0) {
    const found = `this file belongs to user ${owner}, and a config file must belong to you (user ${uid}) or to root`;
    const advice = `copy it to a file of your own and name that one: \`parley up --config <copy>\``;
    throw new ConfigError(path, undefined, `${found}; ${advice}`);
  }
  if ((mode & 0o022) === 0) return;
  const found = `other users can write to this file (mode ${(mode & 0o777).toString(8).padStart(4, "0")})`;
  const sudo = owner === uid ? "" : "sudo ";
  throw new ConfigError(path, undefined, `${found}; type \`${sudo}chmod go-w ${quoted(path)}\``);
}

/** The path as a shell reads it. */
function quoted(path: string): string {
  return /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'"'"'`)}'`;
}
