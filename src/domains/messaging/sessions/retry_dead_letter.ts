import type { UnaryHandler } from "../../../kernel/handlers.js";
import type { Directory } from "../directory/directory.js";
import type { SessionsPorts } from "../sessions-ports.js";
import { letterBoxOf } from "./letter-box.js";

export function retryDeadLetter(
  directory: Directory,
  ports: SessionsPorts,
): UnaryHandler<"sessions.retry_dead_letter"> {
  return async ({ name, interaction_id }, { principal }) => {
    const sessionId = letterBoxOf(directory, ports, name, principal);
    const { interactionId, alreadyRetried } = await ports
      .inboxes()
      .retryDeadLetter(sessionId, interaction_id);
    return { interaction_id: interactionId, retry_of: interaction_id, already_retried: alreadyRetried };
  };
}
