import type { InboundPolicy, PeerDirectoryEntry, SendableKind } from "../../../generated/types.js";
import type { DirectorySession } from "../ports.js";

/** A peer as one source reaches it now. Objects are read, never kept over a turn of the event loop. */
interface Reachable {
  /** The identity behind the name: the same wherever the session is seen from. */
  readonly peerId: string;
  readonly name: string;
  readonly description: string | undefined;
  readonly labels: Record<string, string> | undefined;
  readonly inboundPolicy: InboundPolicy;
  /** What can be sent this way: what the way carries and the peer's policy does not refuse. */
  readonly kinds: readonly SendableKind[];
  readonly presence: PeerDirectoryEntry["presence"]["state"];
  /** Wall time at which the presence was seen, milliseconds; undefined: just now. */
  readonly observedAt: number | undefined;
  /** Wall time, milliseconds; undefined without a live lease. */
  readonly leaseExpiresAt: number | undefined;
  /** The contract that the peer's daemon speaks. */
  readonly contractVersion: string;
  readonly endpointUrl: string | undefined;
}

/** A session of this daemon. */
export interface InprocRoute extends Reachable {
  readonly kind: "inproc";
  readonly session: DirectorySession;
}

/** A session of a paired daemon, as its link tells it. */
export interface TrustedRoute extends Reachable {
  readonly kind: "trusted";
  /** The paired daemon. */
  readonly endpointId: string;
  /** What stands for it here: its mailbox is the outbox. */
  readonly session: DirectorySession;
}

export type Route = InprocRoute | TrustedRoute;

/** One way to peers. A name is at most one peer of a source. */
export interface RouteSource<R extends Route = Route> {
  readonly kind: R["kind"];
  /** Rises whenever a peer appears, ends, or changes what it says of itself. */
  readonly generation: number;
  byName(name: string): R | undefined;
  all(): readonly R[];
}

export const sendableKinds: readonly SendableKind[] = ["peer_message", "peer_request", "peer_response"];

/** The kinds that a policy does not refuse, of those that can be sent at all. */
export function kindsTaken(policy: InboundPolicy): readonly SendableKind[] {
  const { peer_message: message, peer_request: request, peer_response: response } = policy;
  if (message !== "refuse" && request !== "refuse" && response !== "refuse") return sendableKinds;
  return sendableKinds.filter((kind) => policy[kind] !== "refuse");
}
