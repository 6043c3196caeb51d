import type { UnaryHandler } from "../../../kernel/handlers.js";
import type { Directory } from "../directory/directory.js";
import type { SessionsPorts } from "../sessions-ports.js";

export function dismiss(directory: Directory, ports: SessionsPorts): UnaryHandler<"sessions.dismiss"> {
  return async ({ name, interaction_id }, { principal }) => {
    const { sessionId } = directory.requireUse(name, principal);
    const { alreadyDismissed } = await ports.inboxes().dismiss(sessionId, interaction_id);
    return { dismissed: true, already_dismissed: alreadyDismissed };
  };
}
