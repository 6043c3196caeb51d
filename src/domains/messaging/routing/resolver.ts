import type { CommandKind, SendableKind } from "../../../generated/types.js";
import { mayUse } from "../../../kernel/authorise.js";
import type { CallContext, Principal } from "../../../kernel/context.js";
import { ContractError } from "../../../kernel/contract-error.js";
import { unknownName } from "../../../kernel/unknown-name.js";
import type { DirectorySession, SessionDirectory } from "../ports.js";
import type { Route, RouteSource } from "./route-source.js";

/** A peer and the ways to it. */
export interface Peer {
  /** The way that every kind takes which it carries. */
  readonly preferred: Route;
  /** The same peer by another way: what the preferred one does not carry. */
  readonly other: Route | undefined;
}

/**
 * The one way from a name to a peer: `send` asks it for one, `peers` for all, so that they cannot disagree. Sources come
 * in the order in which they are preferred, for each kind anew. A name stands for one identity: that of the first source
 * whose peer of the name takes anything. Another peer that happens to have the name is never sent what that one refuses.
 */
export class Resolver {
  readonly #directory: SessionDirectory;
  readonly #sources: readonly RouteSource[];

  constructor(directory: SessionDirectory, sources: readonly RouteSource[]) {
    this.#directory = directory;
    this.#sources = sources;
  }

  /** Rises whenever what `peers` lists changes. */
  get generation(): number {
    let sum = 0;
    for (const { generation } of this.#sources) sum += generation;
    return sum;
  }

  /**
   * The route to the peer that `sender` reaches under the name. When two have the name and one is `expected`, it is that
   * one: whether another answered to the name is the caller's to see.
   */
  resolve(
    sender: DirectorySession,
    name: string,
    kind: Exclude<CommandKind, "input">,
    expected?: string,
  ): Route {
    let isSelf = false;
    let owner: Route | undefined;
    let refusing: Route | undefined;
    let found: Route | undefined;
    for (const source of this.#sources) {
      const route = source.byName(name);
      if (route === undefined) continue;
      if (route.peerId === sender.sessionId) {
        isSelf = true;
        continue;
      }
      const takes = route.kinds.includes(kind);
      if (takes && route.peerId === expected) return route;
      refusing ??= route;
      if (route.kinds.length > 0) owner ??= route;
      if (takes && route.peerId === owner?.peerId) found ??= route;
    }
    if (found !== undefined) return found;
    if (owner !== undefined || refusing !== undefined) throw notSendable(owner ?? refusing!, kind);
    if (isSelf) throw new ContractError("self_session_denied");
    throw unknownName("peer_not_found", name, () =>
      this.peers(sender).map(({ preferred }) => preferred.name),
    );
  }

  /** Every peer of `sender` that takes anything, sorted by name. */
  peers(sender: DirectorySession): Peer[] {
    const found = new Map<string, Peer>();
    let sorted = true;
    for (const source of this.#sources) {
      sorted &&= found.size === 0;
      for (const route of source.all()) {
        if (route.peerId === sender.sessionId || route.kinds.length === 0) continue;
        const known = found.get(route.name);
        if (known === undefined) found.set(route.name, { preferred: route, other: undefined });
        else if (known.preferred.peerId === route.peerId)
          found.set(route.name, { preferred: known.preferred, other: route });
      }
    }
    const peers = [...found.values()];
    return sorted ? peers : peers.sort((a, b) => (a.preferred.name < b.preferred.name ? -1 : 1));
  }

  /** The session that an input names. What its owner may feed it is for no peer to send: a peer's kinds have a policy. */
  session(sessionId: string, principal: Principal): DirectorySession {
    const session = this.#directory.byId(sessionId);
    if (session === undefined) throw new ContractError("session_not_found");
    if (!mayUse(principal, session)) throw new ContractError("permission_denied");
    if (session.closed) throw new ContractError("input_closed");
    return session;
  }

  /** The session that the call acts as, made when it is used for the first time. */
  actor(context: CallContext): DirectorySession | Promise<DirectorySession> {
    return this.#directory.ensure(context.session, requirePrincipal(context));
  }
}

export function requirePrincipal(context: CallContext): Principal {
  if (context.principal === null) throw new ContractError("unauthenticated");
  return context.principal;
}

function notSendable({ name, kinds, inboundPolicy }: Route, kind: SendableKind): ContractError {
  const expected = kinds.length === 0 ? "nothing" : `one of: ${kinds.join(", ")}`;
  return new ContractError("peer_not_sendable", {
    ...(inboundPolicy[kind] === "refuse"
      ? {
          message: `${name} refuses ${kind} by its inbound policy; it takes ${kinds.join(", ") || "nothing"}.`,
        }
      : {}),
    details: [{ field: "kind", issue: "invalid_value", expected, got: kind }],
  });
}
