import {
  kindsTaken,
  type RouteSource,
  type TrustedRoute,
} from "../../../src/domains/messaging/routing/route-source.js";
import type { InboundPolicy, SendableKind } from "../../../src/generated/types.js";
import { CONTRACT_VERSION } from "../../../src/generated/version.js";

/** What a link would tell of one far session. */
export interface FarPeer {
  peerId: string;
  policy: InboundPolicy;
  carries: readonly SendableKind[];
}

/** The sessions of a paired daemon, as a link would tell them. */
export class FarPeers implements RouteSource<TrustedRoute> {
  readonly kind = "trusted";
  generation = 0;
  readonly #routes = new Map<string, TrustedRoute>();

  byName(name: string): TrustedRoute | undefined {
    return this.#routes.get(name);
  }

  all(): TrustedRoute[] {
    return [...this.#routes.values()];
  }

  tell(name: string, peer: FarPeer | undefined): void {
    this.generation += 1;
    if (peer === undefined) this.#routes.delete(name);
    else this.#routes.set(name, routeTo(name, peer));
  }
}

function routeTo(name: string, { peerId, policy, carries }: FarPeer): TrustedRoute {
  return {
    kind: "trusted",
    endpointId: "00000000-0000-7000-8000-00000000000e",
    peerId,
    name,
    description: undefined,
    labels: undefined,
    inboundPolicy: policy,
    kinds: kindsTaken(policy).filter((kind) => carries.includes(kind)),
    presence: "unknown",
    observedAt: 0,
    leaseExpiresAt: undefined,
    contractVersion: CONTRACT_VERSION,
    endpointUrl: undefined,
    // Nothing is sent this way: what is asked is only whether it would be.
    session: undefined as never,
  };
}
