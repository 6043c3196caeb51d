import type { InboundPolicy } from "../../../generated/types.js";
import { mayUse } from "../../../kernel/authorise.js";
import type { Backend } from "../../../kernel/backend.js";
import type { Clock } from "../../../kernel/clock.js";
import type { Principal } from "../../../kernel/context.js";
import { ContractError } from "../../../kernel/contract-error.js";
import type { Ids } from "../../../kernel/ids.js";
import type { Logger } from "../../../kernel/logger.js";
import { ownerOf, type PrincipalId, storedPrincipal } from "../../../kernel/principal.js";
import { tokenHash } from "../../../kernel/token-hash.js";
import { freeName, unknownName } from "../../../kernel/unknown-name.js";
import { KeyedQueue } from "../../../lib/keyed-queue.js";
import { creatableBase, mayCreate } from "../sessions/access.js";
import { HeldSession } from "./held-session.js";
import { formerConsoleSession } from "./merge-console.js";
import { decideOpen } from "./session-lease.js";
import type { SessionRecord } from "./session-record.js";

const bucket = "sessions";
/** After a start a live lease has at least this long, so that its holder can come back. */
const graceMs = 30_000;

export interface OpenInput {
  name: string;
  principal: Principal;
  description?: string;
  labels?: Record<string, string>;
  inboundPolicy?: InboundPolicy;
  ttlMs: number;
  /** Close the session when the holder leaves. */
  ephemeral?: boolean;
  token?: string;
  /** The WebSocket that shall keep the lease alive. */
  connection?: string;
}

/** What was given to the opener: of the session itself somebody else may be the holder a moment later. */
export interface Opened {
  session: HeldSession;
  token: string;
  fence: number;
  /** Wall time, milliseconds. */
  expiresAt: number;
}

/**
 * All sessions by name and id. The bucket is the truth about who exists and who held a name last; every durable move is
 * one compare-and-set. Renewals, connections and presence live in memory only.
 */
export class Directory {
  readonly #backend: Backend;
  readonly #clock: Clock;
  readonly #ids: Ids;
  readonly #log: Logger;
  /** Called before a closed session's record gives way to a new one: from then on only its own log knows it. */
  readonly #retire: (sessionId: string) => Promise<void>;
  readonly #byName = new Map<string, HeldSession>();
  /** By name; undefined when one came. */
  #sorted: HeldSession[] | undefined;
  readonly #byId = new Map<string, HeldSession>();
  /** Sessions that took over what waited in others, by the others' ids. */
  readonly #heirs = new Map<string, HeldSession>();
  readonly #replacedKeepMs: number;
  /** Closed sessions whose names have new ones, oldest first, and when nobody asks for them any more. */
  readonly #replaced: { session: HeldSession; until: number }[] = [];
  readonly #bySuffix = new Map<string, HeldSession[]>();
  readonly #turns = new KeyedQueue();
  #generation: number;
  readonly #listeners = new Set<() => void>();
  #stopped = false;

  constructor(options: {
    backend: Backend;
    clock: Clock;
    ids: Ids;
    log: Logger;
    retire: (sessionId: string) => Promise<void>;
    /** How long a closed session is known after another has taken its name, milliseconds. */
    replacedKeepMs: number;
  }) {
    this.#backend = options.backend;
    this.#clock = options.clock;
    this.#ids = options.ids;
    this.#log = options.log;
    this.#retire = options.retire;
    this.#replacedKeepMs = options.replacedKeepMs;
    // Wall time as the base: it rises over restarts without a write for each change of presence.
    this.#generation = options.clock.now();
  }

  async load(): Promise<void> {
    const { entries } = await this.#backend.list(bucket);
    for (const { key, value, rev } of entries) {
      const session = this.#put(key, JSON.parse(value) as SessionRecord, rev);
      const { holder, ttl_ms: ttlMs, released, closed, ephemeral } = session.record;
      if (closed) continue;
      if (ephemeral && (released || !ttlMs)) this.#closeLater(session, graceMs);
      if (holder === undefined || !ttlMs || released) continue;
      const until = this.#clock.monotonic() + Math.max(ttlMs, graceMs);
      this.#hold(session, { holder, ttlMs, until });
    }
  }

  /** Connections that close from now on do so because the daemon stops: their leases stay. */
  stop(): void {
    this.#stopped = true;
    for (const session of this.#byName.values()) session.cancelTimer();
  }

  /** Rises whenever a session appears, ends, changes what it says of itself, or comes or goes. */
  get generation(): number {
    return this.#generation;
  }

  /** Calls after each step of `generation`; the result ends that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** The session that has the name now; never a closed one. */
  byName(name: string): HeldSession | undefined {
    const session = this.#byName.get(name);
    return session?.closed === false ? session : undefined;
  }

  /** The session with the id, or the one that took over from it; closed ones included while their record lives. */
  byId(sessionId: string): HeldSession | undefined {
    return this.#heirs.get(sessionId) ?? this.#byId.get(sessionId);
  }

  /** Sessions whose id ends in these 8 digits, as those of their interactions do. */
  byIdSuffix(suffix: string): readonly HeldSession[] {
    return this.#bySuffix.get(suffix) ?? [];
  }

  /** Sessions that are not closed, sorted by name. */
  all(): HeldSession[] {
    this.#sorted ??= [...this.#byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    return this.#sorted.filter((session) => !session.closed);
  }

  /** Closed sessions whose record still lives. */
  closed(): HeldSession[] {
    return [...this.#byId.values()].filter((session) => session.closed);
  }

  /** The session with the name, made without a holder when there is none. Throws unless the principal may use it. */
  ensure(name: string, principal: Principal): Promise<HeldSession> | HeldSession {
    const session = this.byName(name);
    if (session !== undefined) return usable(session, principal);
    return this.#turns.run(name, async () => {
      const before = this.byName(name);
      return before === undefined
        ? this.#create(name, storedPrincipal(ownerOf(principal)))
        : usable(before, principal);
    });
  }

  /** As `ensure`, for the daemon itself: the session is the principal's. */
  ensureFor(name: string, principal: PrincipalId): Promise<HeldSession> {
    return this.#turns.run(
      name,
      async () => this.byName(name) ?? this.#create(name, storedPrincipal(principal)),
    );
  }

  /** From now on the session stands for the other one too, whose items it has. */
  absorb(session: HeldSession, otherId: string): Promise<void> {
    return this.#turns.run(session.name, async () => {
      const { absorbed = [], ...record } = session.record;
      if (absorbed.includes(otherId)) return;
      await this.#write(session, { ...record, fence: session.fence, absorbed: [...absorbed, otherId] });
      this.#standIn(session);
    });
  }

  /** Closes the session, whoever holds it. Its inbox is the caller's to end. */
  end(session: HeldSession): Promise<void> {
    return this.#turns.run(session.name, async () => {
      if (!session.closed) await this.#closeRecord(session);
    });
  }

  open(input: OpenInput): Promise<Opened> {
    return this.#turns.run(input.name, () => this.#open(input));
  }

  close(name: string, principal: Principal, token: string | undefined): Promise<HeldSession | "already"> {
    return this.#turns.run(name, async () => {
      const session = this.#byName.get(name);
      if (session === undefined) throw this.unknown(name, principal);
      if (!mayUse(principal, session)) throw new ContractError("permission_denied");
      if (session.closed) return "already";
      const shown = token === undefined ? undefined : tokenHash(token);
      if ((session.live || shown !== undefined) && shown !== session.record.holder)
        throw new ContractError("fence_stale");
      await this.#closeRecord(session);
      return session;
    });
  }

  /** The session if `token` is its holder's; the lease is renewed, and revived when it had run out unclaimed. */
  requireHolder(name: string, principal: Principal, token: string): HeldSession {
    const session = this.requireUse(name, principal);
    if (session.record.holder !== tokenHash(token)) throw new ContractError("fence_stale");
    this.renew(session);
    return session;
  }

  /** The session if the principal may use it. */
  requireUse(name: string, principal: Principal | null): HeldSession {
    const session = this.byName(name);
    if (session === undefined) throw this.unknown(name, principal);
    return usable(session, principal);
  }

  /** The error of a name that no session has that the principal may see. */
  unknown(name: string, principal: Principal | null): ContractError {
    return unknownName("session_not_found", name, () =>
      this.all()
        .filter((session) => mayUse(principal, session))
        .map((session) => session.name),
    );
  }

  renew(session: HeldSession): void {
    const { holder, ttl_ms: ttlMs } = session.record;
    if (session.closed || holder === undefined || !ttlMs) return;
    const until = this.#clock.monotonic() + ttlMs;
    this.#hold(session, { ...session.lease, holder, ttlMs, until });
    if (session.record.released) this.#storeRevival(session);
  }

  /** Keeps the lease alive while the holder waits; `released` aborts when the lease ends in spite of that. */
  pin(session: HeldSession): { released: AbortSignal; unpin: () => void } {
    const { released, unpin } = session.pin();
    return {
      released,
      unpin: () => {
        unpin();
        if (!released.aborted) this.renew(session);
      },
    };
  }

  /** Frees what the WebSocket kept alive. The durable mark is a courtesy to the next start and not waited for. */
  connectionClosed(connection: string): void {
    if (this.#stopped) return;
    for (const session of this.#byName.values()) {
      if (session.lease?.connection !== connection) continue;
      session.release();
      this.#leaseEnded(session, session.record.ttl_ms);
    }
  }

  #changed(): void {
    this.#generation += 1;
    for (const listener of this.#listeners) listener();
  }

  /** `returnMs` is how long the holder may take to come back before an ephemeral session is closed. */
  #leaseEnded(session: HeldSession, returnMs = 0): void {
    this.#changed();
    if (session.record.ephemeral) {
      if (returnMs > 0) this.#closeLater(session, returnMs);
      else this.#closeUnlessBack(session);
    }
    const { holder } = session.record;
    this.#turns
      .run(session.name, async () => {
        const { record } = session;
        if (session.live || session.closed || record.released || record.holder !== holder) return;
        await this.#mark(session, { ...record, fence: session.fence, released: true });
        // Its holder came back while the end was being stored.
        if (session.live) this.#storeRevival(session);
      })
      .catch((err: unknown) =>
        this.#log.warn({ err, session: session.name }, "A lease's end was not stored."),
      );
  }

  #closeLater(session: HeldSession, delayMs: number): void {
    session.closeAfter(delayMs, () => this.#closeUnlessBack(session));
  }

  /** Closes an ephemeral session that its holder has left; tried again until it is stored. */
  #closeUnlessBack(session: HeldSession): void {
    this.#turns
      .run(session.name, async () => {
        if (this.#stopped || session.live || session.closed || !session.record.ephemeral) return;
        await this.#closeLeft(session);
      })
      .catch((err: unknown) => {
        this.#log.warn(
          { err, session: session.name },
          "An ephemeral session could not be closed; it is tried again.",
        );
        this.#closeLater(session, graceMs);
      });
  }

  async #closeRecord(session: HeldSession): Promise<void> {
    await this.#write(session, { ...session.record, fence: session.fence, closed: true });
    session.release();
  }

  async #closeLeft(session: HeldSession): Promise<void> {
    await this.#closeRecord(session);
    await this.#retire(session.sessionId);
  }

  /** The holder came back after its lease had ended: else the next start would take it for gone. Tried until it works. */
  #storeRevival(session: HeldSession): void {
    this.#turns
      .run(session.name, async () => {
        const { released, ...record } = session.record;
        if (!session.live || session.closed || !released) return;
        await this.#mark(session, { ...record, fence: session.fence });
      })
      .catch((err: unknown) =>
        this.#log.warn({ err, session: session.name }, "A lease's revival was not stored."),
      );
  }

  async #mark(session: HeldSession, record: SessionRecord): Promise<void> {
    session.update(record, await this.#cas(session.name, session.rev, record));
  }

  async #open(input: OpenInput): Promise<Opened> {
    const { name, principal } = input;
    const known = this.byName(name);
    const token = input.token ?? this.#ids.secret(24);
    const holder = tokenHash(token);
    const move = decideOpen({
      exists: known !== undefined,
      live: known?.live ?? false,
      allowed: known !== undefined && mayUse(principal, known),
      holder: known?.record.holder,
      previous: known?.record.previous,
      shown: input.token === undefined ? undefined : holder,
    });
    const said = {
      ...(input.description === undefined ? {} : { description: input.description }),
      ...(input.labels === undefined ? {} : { labels: input.labels }),
      ...(input.inboundPolicy === undefined ? {} : { inbound_policy: input.inboundPolicy }),
      ...(input.ephemeral === undefined ? {} : { ephemeral: input.ephemeral }),
      ttl_ms: input.ttlMs,
    };
    const session = await this.#move(move, name, principal, known, holder, said);
    if (input.ttlMs === 0) {
      session.release();
      if (session.record.ephemeral) await this.#closeLeft(session);
      return { session, token, fence: session.fence, expiresAt: this.#clock.now() };
    }
    this.#hold(session, {
      holder,
      ttlMs: input.ttlMs,
      until: this.#clock.monotonic() + input.ttlMs,
      ...(input.connection === undefined ? {} : { connection: input.connection }),
    });
    const expiresAt = session.leaseExpiresAt ?? this.#clock.now() + input.ttlMs;
    return { session, token, fence: session.fence, expiresAt };
  }

  async #move(
    move: ReturnType<typeof decideOpen>,
    name: string,
    principal: Principal,
    known: HeldSession | undefined,
    holder: string,
    said: Pick<SessionRecord, "description" | "labels" | "inbound_policy" | "ttl_ms" | "ephemeral">,
  ): Promise<HeldSession> {
    if (move === "stale") throw new ContractError("fence_stale");
    if (move === "taken") {
      const retryAfterMs = known?.leaseLeftMs();
      const free = freeName(creatableBase(principal, name), (one) => this.byName(one) === undefined);
      const message = `Another holder keeps the name ${name} now; wait until its lease ends or choose another name, for example ${free}.`;
      throw new ContractError("session_name_taken", {
        message,
        ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
      });
    }
    if (known === undefined) {
      if (!mayCreate(principal, name)) throw new ContractError("permission_denied");
      return this.#create(name, { ...storedPrincipal(ownerOf(principal)), holder, ...said });
    }
    if (move === "take") {
      const { fence: _, released: __, holder: previous, ephemeral: ___, ...kept } = known.record;
      await this.#write(known, {
        ...kept,
        ...said,
        holder,
        ...(previous === undefined ? {} : { previous }),
      });
      known.release();
      return known;
    }
    const { released: _, ...kept } = known.record;
    const next: SessionRecord = { ...kept, ...said, fence: known.fence };
    // A bare renewal writes nothing: it may come every few seconds.
    if (known.record.released || changes(known.record, said)) await this.#write(known, next);
    return known;
  }

  async #create(
    name: string,
    fields: Omit<SessionRecord, "session_id" | "created_at">,
  ): Promise<HeldSession> {
    const before = this.#byName.get(name);
    if (before !== undefined) await this.#retire(before.sessionId);
    const record: SessionRecord = {
      session_id: this.#ids.uuid(),
      created_at: this.#clock.now(),
      ...fields,
      ...(name === formerConsoleSession ? { separate: true } : {}),
    };
    const rev = await this.#cas(name, before?.rev ?? 0, record);
    const session = this.#put(name, record, rev);
    if (before !== undefined) this.#forgetLater(before);
    this.#changed();
    return session;
  }

  /** What a replaced session did can be read for a while; then it leaves the memory, as it would with a restart. */
  #forgetLater(session: HeldSession): void {
    const now = this.#clock.monotonic();
    this.#replaced.push({ session, until: now + this.#replacedKeepMs });
    let due = 0;
    while ((this.#replaced[due]?.until ?? Number.POSITIVE_INFINITY) <= now) due += 1;
    for (const { session: old } of this.#replaced.splice(0, due)) {
      this.#byId.delete(old.sessionId);
      const suffix = old.sessionId.slice(-8);
      const others = this.byIdSuffix(suffix).filter((other) => other !== old);
      if (others.length > 0) this.#bySuffix.set(suffix, others);
      else this.#bySuffix.delete(suffix);
    }
  }

  async #write(session: HeldSession, record: SessionRecord): Promise<void> {
    const rev = await this.#cas(session.name, session.rev, record);
    session.update(record, rev);
    this.#changed();
  }

  /** One compare-and-set; an uncertain outcome is settled by reading again, and tried once more when nothing came of it. */
  async #cas(name: string, expectRev: number, record: SessionRecord): Promise<number> {
    const value = JSON.stringify(record);
    let cause: unknown;
    for (let attempt = 0; attempt < 2; attempt += 1) {
      const result = await this.#backend.cas(bucket, name, { expectRev, value });
      if (result.outcome === "committed") return result.rev;
      const now = await this.#backend.get(bucket, name);
      if (now !== undefined && now.rev > expectRev) {
        // Ours after all, or somebody's earlier write of unknown outcome: what is stored counts.
        if (now.value === value) return now.rev;
        this.#put(name, JSON.parse(now.value) as SessionRecord, now.rev);
      }
      cause = result.outcome === "unknown" ? result.cause : result;
    }
    throw new ContractError("storage_unavailable", { cause });
  }

  #put(name: string, record: SessionRecord, rev: number): HeldSession {
    const known = this.#byName.get(name);
    if (known?.sessionId === record.session_id) {
      known.update(record, rev);
      return known;
    }
    const session = new HeldSession(this.#clock, name, record, rev);
    this.#byName.set(name, session);
    this.#sorted = undefined;
    this.#byId.set(session.sessionId, session);
    this.#addSuffix(session.sessionId, session);
    this.#standIn(session);
    return session;
  }

  #addSuffix(sessionId: string, session: HeldSession): void {
    const suffix = sessionId.slice(-8);
    const known = this.byIdSuffix(suffix);
    if (!known.includes(session)) this.#bySuffix.set(suffix, [...known, session]);
  }

  /** Items keep the ids that they had in the sessions that were absorbed. */
  #standIn(session: HeldSession): void {
    for (const id of session.record.absorbed ?? []) {
      this.#heirs.set(id, session);
      this.#addSuffix(id, session);
    }
  }

  #hold(session: HeldSession, lease: Parameters<HeldSession["hold"]>[0]): void {
    if (!session.live) this.#changed();
    session.hold(lease, () => this.#leaseEnded(session));
  }
}

function usable(session: HeldSession, principal: Principal | null): HeldSession {
  if (!mayUse(principal, session)) throw new ContractError("permission_denied");
  return session;
}

function changes(record: SessionRecord, said: object): boolean {
  return Object.entries(said).some(
    ([field, value]) => JSON.stringify(value) !== JSON.stringify(record[field as keyof SessionRecord]),
  );
}
