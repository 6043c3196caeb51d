import type { UnaryHandler } from "../../../kernel/handlers.js";
import type { Directory } from "../directory/directory.js";
import type { SessionsPorts } from "../sessions-ports.js";
import { letterBoxOf } from "./letter-box.js";

export function listDeadLetters(
  directory: Directory,
  ports: SessionsPorts,
): UnaryHandler<"sessions.list_dead_letters"> {
  return async ({ name, limit }, { principal }) => {
    const sessionId = letterBoxOf(directory, ports, name, principal);
    const { letters, more } = await ports.inboxes().deadLetters(sessionId, limit);
    return { dead_letters: letters, more };
  };
}
