import { accessSync, constants, existsSync, statSync } from "node:fs";
import { userInfo } from "node:os";
import { dirname } from "node:path";
import type { Sighting } from "./discovery.js";
import { quoted } from "./own-path.js";
import { strangerOnPort } from "./port-owner.js";

const defaultPort = 7433;

/** Why no daemon of this user answers, and what to type. */
export function noDaemonMessage(
  sighting: Sighting,
  uid: number,
  strangerOn = strangerOnPort,
  listedHome = homeInUserList,
): string {
  const { pid, state, refusals } = sighting;
  const parts = [headline(pid, state)];
  if (refusals.length > 0)
    parts.push(`Not used: ${refusals.map(({ path, why }) => `${path} (${why})`).join("; ")}.`);
  const taken = takenPort(sighting, uid, strangerOn);
  if (taken !== undefined) parts.push(`${taken}, and nothing was sent to it.`);
  parts.push(advice(sighting, uid, taken !== undefined, listedHome));
  return parts.join(" ");
}

/** The clause about another user who has the port of this user's daemon; undefined when no other user has it. */
export function takenPort(
  { port = defaultPort }: Pick<Sighting, "port">,
  uid: number,
  strangerOn = strangerOnPort,
): string | undefined {
  for (const one of new Set([port, defaultPort])) {
    const owner = strangerOn(one, uid);
    if (owner !== undefined) return `Port ${one} belongs to user ${owner}: a daemon there is not yours`;
  }
  return undefined;
}

/** The message about a daemon whose start takes longer than clients wait. */
export function stillStartingMessage(pid: number): string {
  return `Your daemon is starting (pid ${pid}) and does not answer yet. Try again in a moment; \`parley doctor\` shows more.`;
}

function headline(pid: number | undefined, state: string | undefined): string {
  if (pid === undefined) return "No daemon of yours is running.";
  return `Your daemon (pid ${pid}) ${state === "stopping" ? "is stopping" : "does not answer"}.`;
}

function advice(
  sighting: Sighting,
  uid: number,
  isPortTaken: boolean,
  listedHome: () => string | undefined,
): string {
  const { isInHome, pid, state, refusals } = sighting;
  const problem = folderProblem(sighting, uid);
  if (problem !== undefined) {
    const elsewhere = isInHome ? otherHome(listedHome()) : "type `unset XDG_STATE_HOME`";
    return `${problem}: ${elsewhere}, then \`parley up --detach\`.`;
  }
  const fixes = refusals.flatMap(({ fix }) => fix ?? []);
  const runs = pid !== undefined && state !== "stopping";
  if (fixes.length > 0) return `Type \`${fixes.join(" && ")}\`${runs ? "" : ", then `parley up --detach`"}.`;
  if (runs) return "Type `parley stop`, then `parley up --detach`.";
  return `Start your own with \`parley up --detach\`${isPortTaken ? ", which takes the next free port" : ""}.`;
}

/** A login through `su` or a container often leaves the HOME of another user in the environment. */
function otherHome(listed: string | undefined): string {
  return listed !== undefined && isWritable(listed)
    ? `type \`export HOME=${quoted(listed)}\``
    : "set HOME to a folder that you can write to";
}

/** The user list of the system need not have this user. */
function homeInUserList(): string | undefined {
  try {
    return userInfo().homedir;
  } catch {
    return undefined;
  }
}

/** Why no daemon of this user can start in the folder of the discovery file; undefined when one can. */
export function folderProblem({ folder, isInHome, refusals }: Sighting, uid: number): string | undefined {
  const there = nearest(folder);
  const leads = `${isInHome ? "HOME" : "XDG_STATE_HOME"} leads to ${there}`;
  if (!isWritable(there)) return `${leads}, where you cannot write`;
  // Root can write everywhere, also after `sudo` with the folders of a user whose daemon runs there.
  const owner = statSync(there, { throwIfNoEntry: false })?.uid ?? uid;
  return owner === uid || !refusals.some(({ path }) => dirname(path) === there)
    ? undefined
    : `${leads}, where a daemon of user ${owner} has its files`;
}

/** The folder, or the nearest one above it that exists. */
function nearest(folder: string): string {
  return existsSync(folder) || dirname(folder) === folder ? folder : nearest(dirname(folder));
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
