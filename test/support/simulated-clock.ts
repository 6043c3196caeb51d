import type { Clock } from "../../src/kernel/clock.js";

/** A clock that stands still until it is advanced; timers fire in the order of their time. */
export class SimulatedClock implements Clock {
  #now = 0;
  #slept = 0;
  #set = 0;
  readonly #start = Date.UTC(2026, 0, 1);
  readonly #timers = new Set<{ at: number; callback: () => void }>();

  now(): number {
    return this.#start + this.#now + this.#slept + this.#set;
  }

  elapsed(): number {
    return this.#now + this.#slept;
  }

  /** Somebody sets the wall clock. */
  step(ms: number): void {
    this.#set += ms;
  }

  /** The machine sleeps: time passes, nothing runs. */
  sleep(ms: number): void {
    this.#slept += ms;
  }

  monotonic(): number {
    return this.#now;
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = { at: this.#now + delayMs, callback };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  get pending(): number {
    return this.#timers.size;
  }

  /** Lets time pass: timers that others start on the way fire too. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const [next] = [...this.#timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
      if (next === undefined) break;
      this.#timers.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.callback();
    }
    this.#now = end;
  }

  /** Moves the time at once, as for a machine that slept: each timer that was due by then fires, none twice. */
  jump(ms: number): void {
    this.#now += ms;
    for (const timer of [...this.#timers].filter(({ at }) => at <= this.#now)) {
      this.#timers.delete(timer);
      timer.callback();
    }
  }
}
