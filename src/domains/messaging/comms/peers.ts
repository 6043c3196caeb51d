import type { PeerDirectoryEntry } from "../../../generated/types.js";
import { isoTime } from "../../../kernel/clock.js";
import type { UnaryHandler } from "../../../kernel/handlers.js";
import type { Mailboxes } from "../inbox/mailboxes.js";
import type { Peer, Resolver } from "../routing/resolver.js";
import { type Route, sendableKinds } from "../routing/route-source.js";
import { callerInbox } from "./caller-inbox.js";

export function peers(
  resolver: Resolver,
  mailboxes: Pick<Mailboxes, "waiting">,
): UnaryHandler<"comms.peers"> {
  return async (_, context) => {
    const actor = await resolver.actor(context);
    const now = isoTime(context.clock.now());
    const found = resolver.peers(actor).map((peer) => entryOf(peer, now));
    const inbox = callerInbox(mailboxes.waiting(actor.sessionId));
    return { peers: found, generation: resolver.generation, ...inbox };
  };
}

function entryOf({ preferred, other }: Peer, now: string): PeerDirectoryEntry {
  // A way within this daemon sees the peer itself.
  const nearest = other ?? preferred;
  const { description, labels, presence, observedAt, leaseExpiresAt, endpointUrl } = nearest;
  const selected: PeerDirectoryEntry["selected_route_by_kind"] = {};
  for (const kind of preferred.kinds) selected[kind] = preferred.kind;
  if (other !== undefined) for (const kind of other.kinds) selected[kind] ??= other.kind;
  return {
    name: nearest.name,
    peer_id: nearest.peerId,
    source: other === undefined ? preferred.kind : "trusted_and_inproc",
    sendable_kinds:
      other === undefined ? [...preferred.kinds] : sendableKinds.filter((kind) => kind in selected),
    selected_route_by_kind: selected,
    inbound_policy: nearest.inboundPolicy,
    presence: { state: presence, observed_at: observedAt === undefined ? now : isoTime(observedAt) },
    capabilities: { contract_version: nearest.contractVersion },
    meta: {
      ...(description === undefined ? {} : { description }),
      ...(labels === undefined ? {} : { labels }),
    },
    ...(leaseExpiresAt === undefined ? {} : { lease: { expires_at: expiryText(nearest, leaseExpiresAt) } }),
    ...(endpointUrl === undefined ? {} : { endpoint_url: endpointUrl }),
  };
}

const expiries = new WeakMap<Route, { ms: number; text: string }>();

/** An expiry is reckoned from two clocks: as long as it only wanders by their fractions of a millisecond it reads the same. */
function expiryText(route: Route, ms: number): string {
  let known = expiries.get(route);
  if (known === undefined || Math.abs(known.ms - ms) > 1) {
    known = { ms, text: new Date(ms).toISOString() };
    expiries.set(route, known);
  }
  return known.text;
}
