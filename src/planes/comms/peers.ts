import type { PeerDirectoryEntry } from "../../generated/types.js";
import { isoTime } from "../../kernel/clock.js";
import type { UnaryHandler } from "../../kernel/handlers.js";
import type { PeerRoute, Resolver } from "./resolver.js";

/** `isRead` tells whether somebody reads the session's log now: presence of sessions that nobody holds. */
export function peers(
  resolver: Resolver,
  isRead: (sessionId: string) => boolean,
): UnaryHandler<"comms.peers"> {
  return async (_, context) => {
    const actor = await resolver.actor(context);
    const observedAt = isoTime(context.clock.now());
    const found = resolver.peers(actor).map((peer) => entryOf(peer, observedAt, isRead));
    return { peers: found, generation: resolver.generation };
  };
}

function entryOf(
  { session, route, sendableKinds }: PeerRoute,
  observedAt: string,
  isRead: (sessionId: string) => boolean,
): PeerDirectoryEntry {
  const { sessionId, name, description, labels, leaseExpiresAt } = session;
  return {
    name,
    peer_id: sessionId,
    source: route,
    sendable_kinds: [...sendableKinds],
    selected_route_by_kind: Object.fromEntries(sendableKinds.map((kind) => [kind, route])),
    presence: { state: session.live || isRead(sessionId) ? "online" : "offline", observed_at: observedAt },
    meta: {
      ...(description === undefined ? {} : { description }),
      ...(labels === undefined ? {} : { labels }),
    },
    ...(leaseExpiresAt === undefined
      ? {}
      : { lease: { expires_at: new Date(leaseExpiresAt).toISOString() } }),
  };
}
