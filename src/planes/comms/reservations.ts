import type { Clock } from "../../kernel/clock.js";
import type { InboxItem } from "./inbox-item.js";
import { moveReservation, type ReservationEvent, type ReservationMove } from "./reservation.js";

/** Moves the items' reservations and lets them run out. */
export class Reservations {
  readonly #clock: Clock;
  readonly #ttlMs: number;
  readonly #timers = new Map<InboxItem, () => void>();

  constructor(clock: Clock, ttlMs: number) {
    this.#clock = clock;
    this.#ttlMs = ttlMs;
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
  move(item: InboxItem, event: ReservationEvent): ReservationMove | undefined {
    if (item.reservation === undefined) return undefined;
    const move = moveReservation(item.reservation, event, this.#ttlMs);
    if (move.next !== item.reservation) {
      item.reservation = move.next;
      this.arm(item);
    }
    return move;
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
