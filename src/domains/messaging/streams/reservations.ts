import type { Clock } from "../../../kernel/clock.js";
import type { InboxItem } from "../inbox/inbox-item.js";
import {
  type EndState,
  moveReservation,
  type ReservationEvent,
  type ReservationMove,
} from "./reservation.js";

/** A move, and for one that ended a reservation when that is on disk. */
export interface StoredMove extends ReservationMove {
  readonly stored?: Promise<void>;
}

/** Moves the items' reservations, lets them run out, and has every end stored: none of them waits again after a restart. */
export class Reservations {
  readonly #clock: Clock;
  readonly #ttlMs: number;
  readonly #storeEnd: (item: InboxItem, state: EndState) => Promise<void>;
  readonly #timers = new Map<InboxItem, () => void>();

  /** `storeEnd` never rejects. */
  constructor(clock: Clock, ttlMs: number, storeEnd: (item: InboxItem, state: EndState) => Promise<void>) {
    this.#clock = clock;
    this.#ttlMs = ttlMs;
    this.#storeEnd = storeEnd;
  }

  /** Reservations that have not ended. */
  get size(): number {
    return this.#timers.size;
  }

  /** Starts the time of a reservation that was just made or just loaded. */
  arm(item: InboxItem): void {
    this.#timers.get(item)?.();
    this.#timers.delete(item);
    if (item.reservation?.state !== "reserved") return;
    const left = item.reservation.until - this.#clock.monotonic();
    const stop = this.#clock.after(Math.max(0, left), () => {
      this.#timers.delete(item);
      this.move(item, { kind: "timeout", now: this.#clock.monotonic() });
    });
    this.#timers.set(item, stop);
  }

  /** Undefined when the item has no reservation. */
  move(item: InboxItem, event: ReservationEvent): StoredMove | undefined {
    if (item.reservation === undefined) return undefined;
    const move = moveReservation(item.reservation, event, this.#ttlMs);
    if (move.next !== item.reservation) {
      item.reservation = move.next;
      this.arm(item);
    }
    const { ended, next } = move;
    if (!ended || next.state === "reserved" || next.state === "attached") return move;
    return { ...move, stored: this.#storeEnd(item, next.state) };
  }

  /** Lets a reservation that waits for its reader run out now; a reader that has it keeps it. */
  release(item: InboxItem): void {
    this.move(item, { kind: "timeout", now: Number.POSITIVE_INFINITY });
  }

  close(): void {
    for (const stop of this.#timers.values()) stop();
    this.#timers.clear();
  }
}
