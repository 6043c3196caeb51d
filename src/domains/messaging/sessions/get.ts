import { mayUse } from "../../../kernel/authorise.js";
import type { UnaryHandler } from "../../../kernel/handlers.js";
import type { Directory } from "../directory/directory.js";
import { viewOf } from "../directory/view.js";
import type { SessionsPorts } from "../sessions-ports.js";

export function get(directory: Directory, ports: SessionsPorts): UnaryHandler<"sessions.get"> {
  return async ({ name }, { principal }) => {
    const session = directory.byName(name);
    // One that the caller may not see looks like one that is not there.
    if (session === undefined || !mayUse(principal, session)) throw directory.unknown(name, principal);
    return { session: await viewOf(session, ports.inboxes()) };
  };
}
