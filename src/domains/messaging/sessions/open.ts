import type { CallContext } from "../../../kernel/context.js";
import { ContractError } from "../../../kernel/contract-error.js";
import type { UnaryHandler } from "../../../kernel/handlers.js";
import type { Directory } from "../directory/directory.js";
import { timestamp, viewOf } from "../directory/view.js";
import type { SessionsPorts } from "../sessions-ports.js";

export function open(directory: Directory, ports: SessionsPorts): UnaryHandler<"sessions.open"> {
  return async (request, context) => {
    if (context.principal === null) throw new ContractError("unauthenticated");
    const connection = socketOf(context);
    const { session, token, fence, expiresAt } = await directory.open({
      name: request.name,
      principal: context.principal,
      ttlMs: request.ttl_ms,
      ...(request.description === undefined ? {} : { description: request.description }),
      ...(request.labels === undefined ? {} : { labels: request.labels }),
      ...(request.inbound_policy === undefined ? {} : { inboundPolicy: request.inbound_policy }),
      ...(request.ephemeral === undefined ? {} : { ephemeral: request.ephemeral }),
      ...(request.lease_token === undefined ? {} : { token: request.lease_token }),
      ...(connection === undefined ? {} : { connection }),
    });
    return {
      session: await viewOf(session, ports.inboxes()),
      lease: { token, fence, ttl_ms: request.ttl_ms, expires_at: timestamp(expiresAt) },
    };
  };
}

/** The call's WebSocket; other calls are a connection of their own that nobody reports closed. */
function socketOf(context: CallContext): string | undefined {
  return context.surface === "rpc" && context.connectionId !== context.requestId
    ? context.connectionId
    : undefined;
}
