import type { PeerDirectoryEntry } from "../../generated/types.js";
import { CONTRACT_VERSION } from "../../generated/version.js";
import { isoTime } from "../../kernel/clock.js";
import type { UnaryHandler } from "../../kernel/handlers.js";
import type { DirectorySession } from "./ports.js";
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
    selected_route_by_kind: routesByKind(sendableKinds, route),
    inbound_policy: session.inboundPolicy,
    presence: { state: session.live || isRead(sessionId) ? "online" : "offline", observed_at: observedAt },
    capabilities: { contract_version: CONTRACT_VERSION },
    meta: {
      ...(description === undefined ? {} : { description }),
      ...(labels === undefined ? {} : { labels }),
    },
    ...(leaseExpiresAt === undefined ? {} : { lease: { expires_at: expiryText(session, leaseExpiresAt) } }),
  };
}

function routesByKind(
  kinds: PeerRoute["sendableKinds"],
  route: PeerRoute["route"],
): PeerDirectoryEntry["selected_route_by_kind"] {
  const routes: PeerDirectoryEntry["selected_route_by_kind"] = {};
  for (const kind of kinds) routes[kind] = route;
  return routes;
}

const expiries = new WeakMap<DirectorySession, { ms: number; text: string }>();

/** An expiry is reckoned from two clocks: as long as it only wanders by their fractions of a millisecond it reads the same. */
function expiryText(session: DirectorySession, ms: number): string {
  let known = expiries.get(session);
  if (known === undefined || Math.abs(known.ms - ms) > 1) {
    known = { ms, text: new Date(ms).toISOString() };
    expiries.set(session, known);
  }
  return known.text;
}
