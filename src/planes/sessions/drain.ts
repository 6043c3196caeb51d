import { ContractError } from "../../kernel/contract-error.js";
import type { UnaryHandler } from "../../kernel/handlers.js";
import type { Directory } from "./directory.js";
import type { SessionsPorts } from "./ports.js";

export function drain(directory: Directory, ports: SessionsPorts): UnaryHandler<"sessions.drain"> {
  return async (request, context) => {
    const { principal, signal } = context;
    if (principal === null) throw new ContractError("unauthenticated");
    const session = directory.requireHolder(request.name, principal, request.lease_token);
    const { holder } = session.record;
    const requireHolder = (): void => {
      if (session.closed) throw new ContractError("session_not_found");
      if (session.record.holder !== holder) throw new ContractError("fence_stale");
    };
    const { released, unpin } = directory.pin(session);
    try {
      return await ports.inboxes().drain({
        sessionId: session.sessionId,
        fence: session.fence,
        max: request.max,
        waitMs: request.wait_ms,
        signal: AbortSignal.any([signal, released]),
        requireHolder,
      });
    } catch (error) {
      if (!released.aborted || signal.aborted) throw error;
      requireHolder();
      return { interactions: [] };
    } finally {
      unpin();
    }
  };
}
