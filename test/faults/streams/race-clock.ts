import type { Clock } from "../../../src/kernel/clock.js";

interface Timer {
  readonly at: number;
  readonly callback: () => void;
}

/** A clock on which time and timers move apart: a timer that is due waits until it is fired, as behind a busy loop. */
export class RaceClock implements Clock {
  #now = 0;
  readonly #start = Date.UTC(2026, 0, 1);
  readonly #timers = new Set<Timer>();

  now(): number {
    return this.#start + this.#now;
  }

  elapsed(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#now;
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = { at: this.#now + delayMs, callback };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  /** Time passes, nothing fires. */
  pass(ms: number): void {
    this.#now += ms;
  }

  /** Fires what is due by now, in the order of its time. */
  fire(): void {
    for (;;) {
      let next: Timer | undefined;
      for (const timer of this.#timers)
        if (timer.at <= this.#now && (next === undefined || timer.at < next.at)) next = timer;
      if (next === undefined) return;
      this.#timers.delete(next);
      next.callback();
    }
  }

  /** The clock of a process that can die: from then on none of its timers fires. */
  lifetime(): { clock: Clock; end: () => void } {
    let alive = true;
    const clock: Clock = {
      now: () => this.now(),
      elapsed: () => this.elapsed(),
      monotonic: () => this.monotonic(),
      after: (ms, callback) => this.after(ms, () => alive && callback()),
    };
    return {
      clock,
      end: () => {
        alive = false;
      },
    };
  }
}
