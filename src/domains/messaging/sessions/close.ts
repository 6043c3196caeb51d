import { ContractError } from "../../../kernel/contract-error.js";
import type { UnaryHandler } from "../../../kernel/handlers.js";
import type { Directory } from "../directory/directory.js";
import type { SessionsPorts } from "../sessions-ports.js";

/**
 * The record says that the session is closed, that is the truth; the end of what waits in its inbox follows, and is
 * repaired at the next start, or before another session takes the name.
 */
export function close(directory: Directory, ports: SessionsPorts): UnaryHandler<"sessions.close"> {
  return async (request, { principal }) => {
    if (principal === null) throw new ContractError("unauthenticated");
    const closed = await directory.close(request.name, principal, request.lease_token);
    if (closed === "already") return { closed: true, already_closed: true };
    await ports.inboxes().closeSession(closed.sessionId);
    return { closed: true, already_closed: false };
  };
}
