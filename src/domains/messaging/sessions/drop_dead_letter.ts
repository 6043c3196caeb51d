import type { UnaryHandler } from "../../../kernel/handlers.js";
import type { Directory } from "../directory/directory.js";
import type { SessionsPorts } from "../sessions-ports.js";
import { letterBoxOf } from "./letter-box.js";

export function dropDeadLetter(
  directory: Directory,
  ports: SessionsPorts,
): UnaryHandler<"sessions.drop_dead_letter"> {
  return async ({ name, interaction_id }, { principal }) => {
    const sessionId = letterBoxOf(directory, ports, name, principal);
    const { alreadyDropped } = await ports.inboxes().dropDeadLetter(sessionId, interaction_id);
    return { dropped: true, already_dropped: alreadyDropped };
  };
}
