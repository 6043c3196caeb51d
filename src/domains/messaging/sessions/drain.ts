import { ContractError } from "../../../kernel/contract-error.js";
import type { UnaryHandler } from "../../../kernel/handlers.js";
import type { Directory } from "../directory/directory.js";
import type { SessionsPorts } from "../sessions-ports.js";

export function drain(directory: Directory, ports: SessionsPorts): UnaryHandler<"sessions.drain"> {
  return async (request, context) => {
    const { principal } = context;
    if (principal === null) throw new ContractError("unauthenticated");
    const session = directory.requireHolder(request.name, principal, request.lease_token);
    const { holder } = session.record;
    const wanted = {
      sessionId: session.sessionId,
      fence: session.fence,
      max: request.max,
      claimToken: request.claim_token,
      held: request.claims ?? [],
      answersReceived: request.answers_received,
      requireWanted(): void {
        if (context.cancelled) context.signal.throwIfAborted();
        if (session.closed) throw new ContractError("session_not_found");
        if (session.record.holder !== holder) throw new ContractError("fence_stale");
      },
    };
    const now = await ports.inboxes().drain(wanted);
    const isEmpty =
      now.claim === undefined && now.cancel_requested === undefined && now.answers === undefined;
    if (!isEmpty || request.wait_ms === 0) return now;
    // Only who waits pays for signals, and holds its lease meanwhile.
    const { signal } = context;
    const { released, unpin } = directory.pin(session);
    try {
      return await ports
        .inboxes()
        .drain({ ...wanted, wait: { ms: request.wait_ms, signal: AbortSignal.any([signal, released]) } });
    } catch (error) {
      if (!released.aborted || signal.aborted) throw error;
      wanted.requireWanted();
      return { interactions: [] };
    } finally {
      unpin();
    }
  };
}
