import type { CommandKind, PeerDirectoryEntry, SendableKind } from "../../generated/types.js";
import type { CallContext, Principal } from "../../kernel/context.js";
import { ContractError } from "../../kernel/contract-error.js";
import type { DirectorySession, SessionDirectory } from "./ports.js";

const sendableKinds: readonly SendableKind[] = ["peer_message", "peer_request", "peer_response"];

/** Where a command to a peer goes. */
export interface PeerRoute {
  session: DirectorySession;
  route: PeerDirectoryEntry["source"];
  sendableKinds: readonly SendableKind[];
}

/** The one way from a name to a peer: `send` asks it for one, `peers` for all, so that they cannot disagree. */
export class Resolver {
  readonly #directory: SessionDirectory;

  constructor(directory: SessionDirectory) {
    this.#directory = directory;
  }

  get generation(): number {
    return this.#directory.generation;
  }

  /** The peer that `sender` reaches under the name. */
  resolve(sender: DirectorySession, name: string, kind: Exclude<CommandKind, "input">): PeerRoute {
    const session = this.#directory.byName(name);
    if (session === undefined) throw new ContractError("peer_not_found");
    if (session.sessionId === sender.sessionId) throw new ContractError("self_session_denied");
    const peer = routeTo(session);
    if (!peer.sendableKinds.includes(kind)) throw new ContractError("peer_not_sendable");
    return peer;
  }

  /** Every peer of `sender`, sorted by name. */
  peers(sender: DirectorySession): PeerRoute[] {
    return this.#directory
      .all()
      .filter(({ sessionId }) => sessionId !== sender.sessionId)
      .map(routeTo)
      .filter(({ sendableKinds: kinds }) => kinds.length > 0);
  }

  /** The session that an input names. */
  session(sessionId: string): DirectorySession {
    const session = this.#directory.byId(sessionId);
    if (session === undefined) throw new ContractError("session_not_found");
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

function routeTo(session: DirectorySession): PeerRoute {
  return { session, route: "inproc", sendableKinds };
}
