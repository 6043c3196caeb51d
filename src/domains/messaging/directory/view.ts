import type { Session } from "../../../generated/types.js";
import type { SessionInboxes } from "../sessions-ports.js";
import type { HeldSession } from "./held-session.js";

/** A session as callers see it. */
export async function viewOf(session: HeldSession, inboxes: SessionInboxes): Promise<Session> {
  const { unread, lastSequence } = await inboxes.summary(session.sessionId);
  const { record, live, leaseExpiresAt } = session;
  return {
    session_id: session.sessionId,
    name: session.name,
    principal: record.principal,
    ...(record.description === undefined ? {} : { description: record.description }),
    ...(record.labels === undefined ? {} : { labels: record.labels }),
    ...(record.inbound_policy === undefined ? {} : { inbound_policy: record.inbound_policy }),
    state: session.closed ? "closed" : live ? "live" : "offline",
    ...(record.ephemeral ? { ephemeral: true } : {}),
    created_at: new Date(record.created_at).toISOString(),
    unread,
    last_sequence: lastSequence,
    ...(leaseExpiresAt === undefined ? {} : { lease_expires_at: timestamp(leaseExpiresAt) }),
  };
}

/** RFC 3339 with milliseconds. */
export function timestamp(ms: number): string {
  return new Date(ms).toISOString();
}
