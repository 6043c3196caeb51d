import { ContractError } from "../../../kernel/contract-error.js";
import type { UnaryHandler } from "../../../kernel/handlers.js";
import type { Directory } from "../directory/directory.js";
import type { SessionsPorts } from "../sessions-ports.js";

export function listInbox(directory: Directory, ports: SessionsPorts): UnaryHandler<"sessions.list_inbox"> {
  return async ({ name, cursor, limit, interaction_id, wait_ms }, context) => {
    const { principal } = context;
    if (principal === null) throw new ContractError("unauthenticated");
    const own = name === context.session;
    const { sessionId } = own
      ? await directory.ensure(name, principal)
      : directory.requireUse(name, principal);
    return ports.inboxes().list({
      sessionId,
      after: cursor,
      limit,
      interactionId: interaction_id,
      wait: { ms: wait_ms, signal: () => context.signal },
    });
  };
}
