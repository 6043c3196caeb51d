import type { InboundPolicy } from "../../../generated/types.js";
import type { Clock } from "../../../kernel/clock.js";
import { type PrincipalId, principalOf } from "../../../kernel/principal.js";
import { isLive, type SessionLease } from "./session-lease.js";
import type { SessionRecord } from "./session-record.js";

/** Of a session that said nothing. */
const acceptsAll: InboundPolicy = Object.freeze({});

/** One session in memory: its stored record and the lease on its name. */
export class HeldSession {
  readonly name: string;
  readonly sessionId: string;
  readonly #clock: Clock;
  /** Of the record; a session changes its holder, never its principal. */
  readonly #principal: PrincipalId;
  #record: SessionRecord;
  #rev: number;
  #lease: SessionLease | undefined;
  #stopTimer: (() => void) | undefined;
  /** Of an ephemeral session that its holder may come back to. */
  #stopClosing: (() => void) | undefined;
  readonly #waits = new Set<AbortController>();

  constructor(clock: Clock, name: string, record: SessionRecord, rev: number) {
    this.#clock = clock;
    this.name = name;
    this.sessionId = record.session_id;
    this.#principal = principalOf(record);
    this.#record = record;
    this.#rev = rev;
  }

  get record(): SessionRecord {
    return this.#record;
  }

  get rev(): number {
    return this.#rev;
  }

  get principal(): PrincipalId {
    return this.#principal;
  }

  get description(): string | undefined {
    return this.#record.description;
  }

  get labels(): Record<string, string> | undefined {
    return this.#record.labels;
  }

  get inboundPolicy(): InboundPolicy {
    return this.#record.inbound_policy ?? acceptsAll;
  }

  get closed(): boolean {
    return this.#record.closed === true;
  }

  /** Revision of the write that last changed the holder: strictly rising over holders. */
  get fence(): number {
    return this.#record.fence ?? this.#rev;
  }

  get lease(): SessionLease | undefined {
    return this.#lease;
  }

  /** A holder is there now. */
  get live(): boolean {
    return !this.closed && isLive(this.#lease, this.#clock.monotonic());
  }

  /** Wall time at which the lease ends unless renewed; undefined when there is none. */
  get leaseExpiresAt(): number | undefined {
    const left = this.leaseLeftMs();
    return left === undefined ? undefined : this.#clock.now() + left;
  }

  leaseLeftMs(): number | undefined {
    const now = this.#clock.monotonic();
    if (!this.live || this.#lease === undefined) return undefined;
    const { connection, pins, ttlMs, until } = this.#lease;
    return connection !== undefined || pins > 0 ? ttlMs : until - now;
  }

  update(record: SessionRecord, rev: number): void {
    this.#record = record;
    this.#rev = rev;
  }

  /** Takes the lease; `ended` is called when it runs out without renewal. */
  hold(lease: Omit<SessionLease, "pins">, ended: () => void): void {
    this.#lease = { ...lease, pins: this.#waits.size };
    this.#stopClosing?.();
    this.#stopClosing = undefined;
    this.#stopTimer ??= this.#watch(ended);
  }

  /** Ends the lease and with it what waits under it. */
  release(): void {
    this.#lease = undefined;
    this.cancelTimer();
    for (const wait of this.#waits) wait.abort();
    this.#waits.clear();
  }

  /** Keeps the lease alive while its holder waits. */
  pin(): { released: AbortSignal; unpin: () => void } {
    const wait = new AbortController();
    this.#waits.add(wait);
    this.#countPins();
    const unpin = (): void => {
      this.#waits.delete(wait);
      this.#countPins();
    };
    return { released: wait.signal, unpin };
  }

  #countPins(): void {
    if (this.#lease !== undefined) this.#lease = { ...this.#lease, pins: this.#waits.size };
  }

  /** Calls `act` after so long, unless a holder comes before. */
  closeAfter(delayMs: number, act: () => void): void {
    this.#stopClosing?.();
    this.#stopClosing = this.#clock.after(Math.max(1, delayMs), () => {
      this.#stopClosing = undefined;
      act();
    });
  }

  cancelTimer(): void {
    this.#stopClosing?.();
    this.#stopClosing = undefined;
    this.#stopTimer?.();
    this.#stopTimer = undefined;
  }

  /** One timer for the life of the lease: renewals move its end, not the timer. */
  #watch(ended: () => void): () => void {
    const left = (this.#lease?.until ?? 0) - this.#clock.monotonic();
    // A bound or pinned lease has no end of its own: look again after its usual time.
    const delay = left > 0 ? left : (this.#lease?.ttlMs ?? 1000);
    return this.#clock.after(Math.max(1, delay), () => {
      this.#stopTimer = undefined;
      if (this.live) this.#stopTimer = this.#watch(ended);
      else if (this.#lease !== undefined) ended();
    });
  }
}
