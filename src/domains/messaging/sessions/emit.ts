import type { UnaryHandler } from "../../../kernel/handlers.js";
import type { Directory } from "../directory/directory.js";
import { timestamp } from "../directory/view.js";
import type { SessionsPorts } from "../sessions-ports.js";

export function emit(directory: Directory, ports: SessionsPorts): UnaryHandler<"sessions.emit"> {
  return async (request, { principal }) => {
    const session = directory.requireUse(request.name, principal);
    const { lastSequence, claimExpiresAt, cancelRequested } = await ports.inboxes().emit({
      sessionId: session.sessionId,
      fence: session.fence,
      claimToken: request.claim_token,
      interactionId: request.interaction_id,
      events: request.events,
      ...(request.idempotency_key === undefined ? {} : { idempotencyKey: request.idempotency_key }),
    });
    directory.renew(session);
    return {
      last_sequence: lastSequence,
      claim_expires_at: timestamp(claimExpiresAt),
      ...(cancelRequested ? { cancel_requested: true } : {}),
    };
  };
}
