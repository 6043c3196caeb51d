import type { Command } from "commander";
import type { Parley, Session } from "../../../sdks/typescript/src/index.js";
import { parseDuration } from "../arguments.js";
import { withClient } from "../client.js";
import { describe, exitCodeOf } from "../failure.js";
import { note, paint, print, printJson } from "../output.js";

export interface PruneFlags {
  olderThan: string;
  dryRun?: boolean;
}

interface Pruned {
  name: string;
  last_used_at: string;
}

/**
 * Closes the sessions of which nothing is lost: offline, nothing waiting, held or dead, and unused for `--older-than`. The
 * sessions that people and tokens act as by themselves stay.
 */
export async function sessionPrune(flags: PruneFlags, command: Command): Promise<void> {
  const before = Date.now() - parseDuration(flags.olderThan);
  const dryRun = flags.dryRun === true;
  await withClient(command, async (client, { json }) => {
    const { sessions } = await client.sessions.list();
    const closed: Pruned[] = [];
    const failed: { name: string; error: unknown }[] = [];
    for (const session of sessions) {
      const { name } = session;
      try {
        const lastUsedAt = await lastUseOf(client, session, before);
        if (lastUsedAt === undefined) continue;
        if (!dryRun && !(await closeUnused(client, session))) continue;
        closed.push({ name, last_used_at: lastUsedAt });
        if (!json)
          print(paint("bold", name), `  ${dryRun ? "would be closed" : "closed"}; last used ${lastUsedAt}`);
      } catch (error) {
        failed.push({ name, error });
        if (!json) note(paint("red", `${name} could not be closed: ${(error as Error).message}`));
      }
    }
    const errors = failed.map(({ name, error }) => ({ name, ...describe(error) }));
    if (json) printJson({ dry_run: dryRun, closed, failed: errors });
    else note(paint("dim", summary(closed.length, sessions.length, flags)));
    if (failed.length > 0) process.exitCode = exitCodeOf(failed[0]!.error);
  });
}

function summary(count: number, of: number, { olderThan, dryRun }: PruneFlags): string {
  const verb = dryRun ? "would be closed" : count === 1 ? "was closed" : "were closed";
  const rule = `offline, nothing waiting, unused for ${olderThan}`;
  return count === 0 ? `none of ${of} sessions: ${rule}` : `${count} of ${of} sessions ${verb}: ${rule}`;
}

/** When the session was used last; undefined when it is to be kept. */
async function lastUseOf(client: Parley, session: Session, before: number): Promise<string | undefined> {
  const { name, session_id, created_at, last_sequence } = session;
  if (!isIdle(session) || name.startsWith("user-") || Date.parse(created_at) > before) return undefined;
  const at = last_sequence === 0 ? created_at : await lastEventAt(client, session_id, last_sequence);
  if (Date.parse(at ?? created_at) > before) return undefined;
  const [held, dead] = await Promise.all([
    client.sessions.listHeld({ name, limit: 1 }),
    client.sessions.listDeadLetters({ name, limit: 1 }),
  ]);
  return held.held.length + dead.dead_letters.length === 0 ? (at ?? created_at) : undefined;
}

async function lastEventAt(client: Parley, sessionId: string, last: number): Promise<string | undefined> {
  let at: string | undefined;
  const scope = { kind: "session", session_id: sessionId } as const;
  for await (const event of client.stream(scope, { afterSequence: last - 1, follow: false }))
    at = event.at ?? at;
  return at;
}

function isIdle({ state, unread }: Session): boolean {
  return state === "offline" && unread === 0;
}

/** False when the session is in use again: a host has come, or something waits, since it was listed. */
async function closeUnused(client: Parley, { name, session_id }: Session): Promise<boolean> {
  const { session } = await client.sessions.get({ name });
  if (session.session_id !== session_id || !isIdle(session)) return false;
  await client.sessions.close({ name });
  return true;
}
