import type { RemoteSession } from "../../../generated/types.js";
import type { CommsPorts, DirectorySession, Links } from "../ports.js";
import { isAnnounced } from "./arrivals.js";

/** Changes that come together are told together, milliseconds. */
const gatherMs = 50;
/** Sessions in one frame, which has room for as many of the largest. */
const pageSize = 32;

/** Tells paired daemons of this one's sessions: all when a link comes up, then what changes. */
export class Announcements {
  readonly #ports: CommsPorts;
  readonly #links: Links;
  /** What each linked daemon knows, as JSON by session. */
  readonly #told = new Map<string, Map<string, string>>();
  #stopTimer: (() => void) | undefined;
  readonly #stopListening: () => void;

  constructor(ports: CommsPorts, links: Links) {
    this.#ports = ports;
    this.#links = links;
    this.#stopListening = ports.directory.onChange(() => this.#gather());
  }

  up(endpointId: string): void {
    this.#told.set(endpointId, new Map());
    this.#tell(endpointId, true);
  }

  down(endpointId: string): void {
    this.#told.delete(endpointId);
  }

  stop(): void {
    this.#stopListening();
    this.#stopTimer?.();
  }

  #gather(): void {
    if (this.#told.size === 0) return;
    this.#stopTimer ??= this.#ports.clock.after(gatherMs, () => {
      this.#stopTimer = undefined;
      for (const endpointId of this.#told.keys()) this.#tell(endpointId, false);
    });
  }

  #tell(endpointId: string, reset: boolean): void {
    const told = this.#told.get(endpointId)!;
    const changed: RemoteSession[] = [];
    const gone = new Set(told.keys());
    for (const session of this.#ports.directory.all()) {
      if (!isAnnounced(session)) continue;
      const view = viewOf(session);
      const { lease_expires_at: _, ...said } = view;
      const text = JSON.stringify(said);
      gone.delete(view.session_id);
      if (told.get(view.session_id) === text) continue;
      told.set(view.session_id, text);
      changed.push(view);
    }
    for (const sessionId of gone) told.delete(sessionId);
    if (!reset && changed.length + gone.size === 0) return;
    const removed = [...gone];
    for (let at = 0; ; at += pageSize) {
      const complete = at + pageSize >= Math.max(changed.length, removed.length);
      this.#links.send(endpointId, {
        kind: "directory",
        reset: reset && at === 0,
        complete,
        sessions: changed.slice(at, at + pageSize),
        removed: removed.slice(at, at + pageSize),
      });
      if (complete) return;
    }
  }
}

function viewOf(session: DirectorySession): RemoteSession {
  const { sessionId, name, description, labels, inboundPolicy, live, leaseExpiresAt } = session;
  return {
    session_id: sessionId,
    name,
    ...(description === undefined ? {} : { description }),
    ...(labels === undefined ? {} : { labels }),
    ...(Object.keys(inboundPolicy).length === 0 ? {} : { inbound_policy: inboundPolicy }),
    online: live,
    ...(leaseExpiresAt === undefined ? {} : { lease_expires_at: new Date(leaseExpiresAt).toISOString() }),
  };
}
