import { mayUse } from "../../../kernel/authorise.js";
import type { UnaryHandler } from "../../../kernel/handlers.js";
import type { Directory } from "../directory/directory.js";
import { viewOf } from "../directory/view.js";
import type { SessionsPorts } from "../sessions-ports.js";

export function list(directory: Directory, ports: SessionsPorts): UnaryHandler<"sessions.list"> {
  return async (_, { principal }) => {
    const visible = directory.all().filter((session) => mayUse(principal, session));
    return { sessions: await Promise.all(visible.map((session) => viewOf(session, ports.inboxes()))) };
  };
}
