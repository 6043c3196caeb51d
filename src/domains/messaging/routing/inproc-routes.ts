import type { InboundPolicy, SendableKind } from "../../../generated/types.js";
import { CONTRACT_VERSION } from "../../../generated/version.js";
import type { DirectorySession, SessionDirectory } from "../ports.js";
import { type InprocRoute, kindsTaken, type RouteSource } from "./route-source.js";

/** The sessions of this daemon as peers. `isRead` tells whether somebody reads the session's log now. */
export class InprocRoutes implements RouteSource<InprocRoute> {
  readonly kind = "inproc";
  readonly #directory: SessionDirectory;
  readonly #isRead: (sessionId: string) => boolean;
  /** One route for each session, so that a send makes none. */
  readonly #routes = new WeakMap<DirectorySession, InprocRoute>();

  constructor(directory: SessionDirectory, isRead: (sessionId: string) => boolean) {
    this.#directory = directory;
    this.#isRead = isRead;
  }

  get generation(): number {
    return this.#directory.generation;
  }

  byName(name: string): InprocRoute | undefined {
    const session = this.#directory.byName(name);
    return session === undefined ? undefined : this.#routeTo(session);
  }

  all(): InprocRoute[] {
    return this.#directory.all().map((session) => this.#routeTo(session));
  }

  #routeTo(session: DirectorySession): InprocRoute {
    let route = this.#routes.get(session);
    if (route === undefined) {
      route = new SessionRoute(session, this.#isRead);
      this.#routes.set(session, route);
    }
    return route;
  }
}

/** What a session says of itself, asked for when it is read. */
class SessionRoute implements InprocRoute {
  readonly kind = "inproc";
  readonly session: DirectorySession;
  readonly observedAt = undefined;
  readonly contractVersion = CONTRACT_VERSION;
  readonly endpointUrl = undefined;
  readonly #isRead: (sessionId: string) => boolean;

  constructor(session: DirectorySession, isRead: (sessionId: string) => boolean) {
    this.session = session;
    this.#isRead = isRead;
  }

  get peerId(): string {
    return this.session.sessionId;
  }

  get name(): string {
    return this.session.name;
  }

  get description(): string | undefined {
    return this.session.description;
  }

  get labels(): Record<string, string> | undefined {
    return this.session.labels;
  }

  get inboundPolicy(): InboundPolicy {
    return this.session.inboundPolicy;
  }

  get kinds(): readonly SendableKind[] {
    return kindsTaken(this.session.inboundPolicy);
  }

  /** Whoever holds the name is there; a session that nobody holds is there while its log is followed. */
  get presence(): "online" | "offline" {
    return this.session.live || this.#isRead(this.session.sessionId) ? "online" : "offline";
  }

  get leaseExpiresAt(): number | undefined {
    return this.session.leaseExpiresAt;
  }
}
