import { localName, type PrincipalId } from "../../../kernel/principal.js";
import type { SessionInboxes } from "../sessions-ports.js";
import type { Directory } from "./directory.js";

/** What the console's session was called before the user had one session. */
export const formerConsoleSession = "user-console";
const user: PrincipalId = { kind: "local", name: localName };

/**
 * Moves what waits in the console's session of an earlier daemon to the user's, once, before anything is loaded. A start
 * that was cut off is repeated by the next one: copies have the ids of what they copy, and the former session is closed
 * last.
 */
export async function mergeConsole(directory: Directory, inboxes: SessionInboxes): Promise<void> {
  const former = directory.byName(formerConsoleSession);
  // A token's is that token's, and one that was opened since is the user's own choice.
  if (former === undefined || former.principal.kind === "token" || former.record.separate) return;
  const session = await directory.ensureFor(`user-${localName}`, user);
  const move = { from: former.sessionId, to: session.sessionId };
  await inboxes.copyWaiting(move);
  await directory.absorb(session, former.sessionId);
  await inboxes.sealMoved(move);
  await directory.end(former);
}
