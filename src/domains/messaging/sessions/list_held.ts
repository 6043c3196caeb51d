import type { UnaryHandler } from "../../../kernel/handlers.js";
import type { Directory } from "../directory/directory.js";
import type { SessionsPorts } from "../sessions-ports.js";

export function listHeld(directory: Directory, ports: SessionsPorts): UnaryHandler<"sessions.list_held"> {
  return async ({ name, limit }, { principal }) => {
    const { sessionId } = directory.requireUse(name, principal);
    return ports.inboxes().held(sessionId, limit);
  };
}
