import type { Clock } from "./clock.js";

/** A place in the queue; giving it back is what ends it early. */
export interface Deadline {
  readonly at: number;
  readonly expire: () => void;
  previous: Deadline | undefined;
  next: Deadline | undefined;
}

/**
 * Deadlines that are all equally far away, so the order of arrival is the order of expiry and one timer serves all: a
 * timer per call costs more than the rest of the call's bookkeeping.
 */
export class Deadlines {
  readonly #clock: Clock;
  readonly #delayMs: number;
  #first: Deadline | undefined;
  #last: Deadline | undefined;
  #stopTimer: (() => void) | undefined;

  constructor(clock: Clock, delayMs: number) {
    this.#clock = clock;
    this.#delayMs = delayMs;
  }

  /** Calls `expire` once when the delay has passed since `from`, unless the result is removed before. */
  add(from: number, expire: () => void): Deadline {
    const deadline: Deadline = { at: from + this.#delayMs, expire, previous: this.#last, next: undefined };
    if (this.#last === undefined) {
      this.#first = deadline;
    } else {
      this.#last.next = deadline;
    }
    this.#last = deadline;
    if (this.#stopTimer === undefined) {
      this.#arm();
    }
    return deadline;
  }

  remove(deadline: Deadline): void {
    const { previous, next } = deadline;
    if (previous === undefined && this.#first !== deadline) {
      return;
    }
    if (previous === undefined) {
      this.#first = next;
    } else {
      previous.next = next;
    }
    if (next === undefined) {
      this.#last = previous;
    } else {
      next.previous = previous;
    }
    deadline.previous = undefined;
    deadline.next = undefined;
  }

  /** The timer is never moved forward: when it comes too early, it looks and waits on. */
  #arm(): void {
    const wait = (this.#first?.at ?? 0) - this.#clock.monotonic();
    this.#stopTimer = this.#clock.after(Math.max(0, wait), () => this.#expire());
  }

  #expire(): void {
    this.#stopTimer = undefined;
    const now = this.#clock.monotonic();
    while (this.#first !== undefined && this.#first.at <= now) {
      const { expire } = this.#first;
      this.remove(this.#first);
      expire();
    }
    if (this.#first !== undefined && this.#stopTimer === undefined) {
      this.#arm();
    }
  }
}
