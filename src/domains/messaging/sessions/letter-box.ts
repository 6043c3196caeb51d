import { mayUse } from "../../../kernel/authorise.js";
import type { Principal } from "../../../kernel/context.js";
import type { Directory } from "../directory/directory.js";
import type { SessionsPorts } from "../sessions-ports.js";

/** The session whose dead letters are meant: one of this daemon, or one of another whose outbox is here. */
export function letterBoxOf(
  directory: Directory,
  ports: SessionsPorts,
  name: string,
  principal: Principal | null,
): string {
  const outbox = directory.byName(name) === undefined ? ports.inboxes().outboxOf(name) : undefined;
  if (outbox !== undefined && mayUse(principal, outbox)) return outbox.sessionId;
  return directory.requireUse(name, principal).sessionId;
}
