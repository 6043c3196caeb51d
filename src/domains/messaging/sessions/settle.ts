import type { UnaryHandler } from "../../../kernel/handlers.js";
import type { Directory } from "../directory/directory.js";
import type { SessionsPorts } from "../sessions-ports.js";

export function settle(directory: Directory, ports: SessionsPorts): UnaryHandler<"sessions.settle"> {
  return async (request, { principal }) => {
    const session = directory.requireUse(request.name, principal);
    const { alreadySettled } = await ports.inboxes().settle({
      sessionId: session.sessionId,
      fence: session.fence,
      claimToken: request.claim_token,
      interactionId: request.interaction_id,
      outcome: request.outcome,
    });
    directory.renew(session);
    return { settled: true, already_settled: alreadySettled };
  };
}
