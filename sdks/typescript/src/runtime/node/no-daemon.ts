import { accessSync, constants, existsSync } from "node:fs";
import { dirname } from "node:path";
import type { Sighting } from "./discovery.js";
import { strangerOnPort } from "./port-owner.js";

const defaultPort = 7433;

/** Why no daemon of this user answers, and what to type. */
export function noDaemonMessage(sighting: Sighting, uid: number, strangerOn = strangerOnPort): string {
  const { pid, state, port = defaultPort, refusals } = sighting;
  const parts = [headline(pid, state)];
  if (refusals.length > 0)
    parts.push(`Not used: ${refusals.map(({ path, why }) => `${path} (${why})`).join("; ")}.`);
  const taken = [...new Set([port, defaultPort])].find((one) => strangerOn(one, uid) !== undefined);
  if (taken !== undefined) {
    const owner = strangerOn(taken, uid);
    parts.push(
      `Port ${taken} belongs to user ${owner}: a daemon there is not yours, and nothing was sent to it.`,
    );
  }
  parts.push(advice(sighting, taken !== undefined));
  return parts.join(" ");
}

/** The message about a daemon whose start takes longer than clients wait. */
export function stillStartingMessage(pid: number): string {
  return `Your daemon is starting (pid ${pid}) and does not answer yet. Try again in a moment; \`parley doctor\` shows more.`;
}

function headline(pid: number | undefined, state: string | undefined): string {
  if (pid === undefined) return "No daemon of yours is running.";
  return `Your daemon (pid ${pid}) ${state === "stopping" ? "is stopping" : "does not answer"}.`;
}

function advice({ folder, isInHome, pid, state, refusals }: Sighting, isPortTaken: boolean): string {
  const blocked = nearest(folder);
  const elsewhere = isInHome ? "set HOME to a folder of yours" : "type `unset XDG_STATE_HOME`";
  if (!isWritable(blocked))
    return `You cannot write to ${blocked}: ${elsewhere}, or log in as the user that you are, then \`parley up --detach\`.`;
  const fixes = refusals.flatMap(({ fix }) => fix ?? []);
  const runs = pid !== undefined && state !== "stopping";
  if (fixes.length > 0) return `Type \`${fixes.join(" && ")}\`${runs ? "" : ", then `parley up --detach`"}.`;
  if (runs) return "Type `parley stop`, then `parley up --detach`.";
  return `Start your own with \`parley up --detach\`${isPortTaken ? ", which takes the next free port" : ""}.`;
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
