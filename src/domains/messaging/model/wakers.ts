import type { Clock } from "../../../kernel/clock.js";

/** Those who wait for a change. */
export class Wakers {
  readonly #clock: Clock;
  readonly #wakers = new Set<() => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#wakers.size;
  }

  /** Resolves at the next change, or when `until` (monotonic) or the signal comes. */
  changed(until: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const delay = Math.min(until - this.#clock.monotonic(), 3_600_000);
      const done = (): void => {
        stopTimer();
        this.#wakers.delete(done);
        signal.removeEventListener("abort", done);
        resolve();
      };
      const stopTimer = this.#clock.after(Math.max(0, delay), done);
      this.#wakers.add(done);
      signal.addEventListener("abort", done);
    });
  }

  wake(): void {
    for (const waker of [...this.#wakers]) waker();
  }
}
