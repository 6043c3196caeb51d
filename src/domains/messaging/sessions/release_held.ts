import type { UnaryHandler } from "../../../kernel/handlers.js";
import type { Directory } from "../directory/directory.js";
import type { SessionsPorts } from "../sessions-ports.js";

export function releaseHeld(
  directory: Directory,
  ports: SessionsPorts,
): UnaryHandler<"sessions.release_held"> {
  return async ({ name, interaction_id, decision }, { principal }) => {
    const { sessionId } = directory.requireUse(name, principal);
    const { alreadyReleased } = await ports.inboxes().releaseHeld(sessionId, interaction_id, decision);
    return { released: true, already_released: alreadyReleased };
  };
}
