import type { LinkDirectory, RemoteSession } from "../../../generated/types.js";
import { ContractError } from "../../../kernel/contract-error.js";
import { linkPrincipal, storedPrincipal } from "../../../kernel/principal.js";
import { derivedId } from "../../../lib/derived-id.js";
import type { Sender } from "../inbox/inbox-entry.js";
import type { CommsPorts, LinkedDaemon, Links } from "../ports.js";
import type { RouteSource, TrustedRoute } from "../routing/route-source.js";
import { type FarRecord, FarSession, farName } from "./far-session.js";

const bucket = "far_sessions";
/** Sessions of one daemon that are taken note of. */
const maxSessions = 10_000;

/**
 * The sessions of paired daemons. What they say of themselves is stored before it is listed, so that they can be sent to
 * while their daemon is away; whether they are there is only observed.
 */
export class FarSessions implements RouteSource<TrustedRoute> {
  readonly kind = "trusted";
  readonly #ports: CommsPorts;
  readonly #links: Links;
  readonly #byId = new Map<string, FarSession>();
  readonly #bySuffix = new Map<string, FarSession[]>();
  /** Listed ones by name, in the order of names; undefined when something changed. */
  #listed: Map<string, FarSession> | undefined;
  readonly #counts = new Map<string, number>();
  /** What the list under way has told so far, by daemon. */
  readonly #telling = new Map<string, Set<string>>();
  readonly #turns = new Map<string, Promise<void>>();
  #generation: number;

  constructor(ports: CommsPorts, links: Links) {
    this.#ports = ports;
    this.#links = links;
    // Wall time as the base: it rises over restarts without a write for each change of presence.
    this.#generation = ports.clock.now();
  }

  async load(): Promise<void> {
    const { entries } = await this.#ports.backend.list(bucket);
    for (const { key, value, rev } of entries) this.#put(key, JSON.parse(value) as FarRecord, rev);
  }

  get generation(): number {
    return this.#generation;
  }

  byName(name: string): FarSession | undefined {
    return this.#list().get(name);
  }

  /** As `byName`, also for one that its daemon has no more: what was sent to it lies here still. */
  outboxOf(name: string): FarSession | undefined {
    return this.byName(name) ?? this.used().find((session) => session.name === name);
  }

  all(): FarSession[] {
    return [...this.#list().values()];
  }

  byId(sessionId: string): FarSession | undefined {
    return this.#byId.get(sessionId);
  }

  byIdSuffix(suffix: string): readonly FarSession[] {
    return this.#bySuffix.get(suffix) ?? [];
  }

  /** Those of all daemons, or of one, to which something was sent. */
  used(endpointId?: string): FarSession[] {
    return [...this.#byId.values()].filter(
      ({ record }) => record.used && (endpointId === undefined || record.endpoint_id === endpointId),
    );
  }

  /** Known sessions of the daemon. */
  count(endpointId: string): number {
    return this.#counts.get(endpointId) ?? 0;
  }

  /** The daemon comes, goes, or is parted with. */
  changed(): void {
    this.#generation += 1;
    this.#listed = undefined;
  }

  /** Makes sure that its outbox is found after a restart. */
  async use(session: FarSession): Promise<void> {
    if (!session.record.used) await this.#store(session, { ...session.record, used: true });
  }

  /** Who a sender of another daemon is here. */
  senderOf(endpointId: string, sessionId: string, name: string): Sender {
    const daemon = this.#daemon(endpointId);
    return {
      session_id: localId(endpointId, sessionId),
      name: farName(name, daemon?.name),
      ...storedPrincipal(linkPrincipal(endpointId)),
    };
  }

  /** Takes in what a daemon tells, in its order. */
  tell(endpointId: string, frame: LinkDirectory): Promise<void> {
    const turn = (this.#turns.get(endpointId) ?? Promise.resolve())
      .then(() => this.#tell(endpointId, frame))
      .catch((err: unknown) =>
        this.#ports.log.warn({ err }, "What a daemon told of its sessions was not stored."),
      );
    this.#turns.set(endpointId, turn);
    return turn;
  }

  async #tell(endpointId: string, { reset, complete, sessions, removed }: LinkDirectory): Promise<void> {
    if (reset) this.#telling.set(endpointId, new Set());
    const told = this.#telling.get(endpointId);
    await Promise.all(sessions.map((session) => this.#learn(endpointId, session)));
    for (const { session_id: sessionId } of sessions) told?.add(sessionId);
    await Promise.all(removed.map((sessionId) => this.#lose(endpointId, sessionId)));
    if (complete && told !== undefined) {
      this.#telling.delete(endpointId);
      const rest = [...this.#byId.values()].filter(
        ({ record }) => record.endpoint_id === endpointId && !told.has(record.session_id),
      );
      await Promise.all(rest.map(({ peerId }) => this.#lose(endpointId, peerId)));
    }
    this.changed();
  }

  async #learn(endpointId: string, told: RemoteSession): Promise<void> {
    const sessionId = localId(endpointId, told.session_id);
    const known = this.#byId.get(sessionId);
    if (known === undefined && this.count(endpointId) >= maxSessions) return;
    const record: FarRecord = {
      endpoint_id: endpointId,
      session_id: told.session_id,
      name: told.name,
      ...(told.description === undefined ? {} : { description: told.description }),
      ...(told.labels === undefined ? {} : { labels: told.labels }),
      ...(told.inbound_policy === undefined ? {} : { inbound_policy: told.inbound_policy }),
      ...(known?.record.used ? { used: true as const } : {}),
    };
    const session = known ?? this.#make(sessionId, record, 0);
    if (known === undefined || JSON.stringify(known.record) !== JSON.stringify(record))
      await this.#store(session, record);
    session.observe(told, this.#ports.clock.now());
    if (known === undefined) this.#keep(session);
  }

  async #lose(endpointId: string, peerId: string): Promise<void> {
    const session = this.#byId.get(localId(endpointId, peerId));
    if (session === undefined || session.record.gone) return;
    // What was sent to it is still to be read by who sent it.
    await this.#store(session, session.record.used ? { ...session.record, gone: true } : undefined);
  }

  async #store(session: FarSession, record: FarRecord | undefined): Promise<void> {
    const { backend } = this.#ports;
    const value = record === undefined ? undefined : JSON.stringify(record);
    const result = await backend.cas(bucket, session.sessionId, { expectRev: session.rev, value });
    if (result.outcome === "committed") session.rev = result.rev;
    else {
      const now = await backend.get(bucket, session.sessionId);
      session.rev = now?.rev ?? 0;
      if (now?.value !== value) throw new ContractError("storage_unavailable", { cause: result });
    }
    if (record !== undefined) session.record = record;
    else {
      this.#byId.delete(session.sessionId);
      this.#counts.set(session.endpointId, this.count(session.endpointId) - 1);
      const suffix = session.sessionId.slice(-8);
      this.#bySuffix.set(
        suffix,
        this.byIdSuffix(suffix).filter((other) => other !== session),
      );
    }
    this.changed();
  }

  #put(sessionId: string, record: FarRecord, rev: number): void {
    this.#keep(this.#make(sessionId, record, rev));
  }

  #make(sessionId: string, record: FarRecord, rev: number): FarSession {
    const { endpoint_id: endpointId } = record;
    return new FarSession(sessionId, record, rev, () => this.#daemon(endpointId));
  }

  #keep(session: FarSession): void {
    this.#byId.set(session.sessionId, session);
    this.#counts.set(session.endpointId, this.count(session.endpointId) + 1);
    const suffix = session.sessionId.slice(-8);
    this.#bySuffix.set(suffix, [...this.byIdSuffix(suffix), session]);
    this.changed();
  }

  #daemon(endpointId: string): LinkedDaemon | undefined {
    return this.#links.all().find((daemon) => daemon.endpointId === endpointId);
  }

  /** Of two with the same name the one whose daemon was paired first has it. */
  #list(): Map<string, FarSession> {
    if (this.#listed !== undefined) return this.#listed;
    const order = new Map(this.#links.all().map(({ endpointId }, at) => [endpointId, at]));
    const sessions = [...this.#byId.values()]
      .filter(({ record }) => !record.gone && order.has(record.endpoint_id))
      .sort((a, b) => order.get(a.endpointId)! - order.get(b.endpointId)! || (a.peerId < b.peerId ? -1 : 1));
    const byName = new Map<string, FarSession>();
    for (const session of sessions) if (!byName.has(session.name)) byName.set(session.name, session);
    this.#listed = new Map([...byName].sort(([a], [b]) => (a < b ? -1 : 1)));
    return this.#listed;
  }
}

function localId(endpointId: string, sessionId: string): string {
  return derivedId("far", endpointId, sessionId);
}
