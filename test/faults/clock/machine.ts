import { type Clock, createClock } from "../../../src/kernel/clock.js";

interface Timer {
  readonly at: number;
  readonly callback: () => void;
}

/**
 * A machine whose wall clock may be set, which may sleep, and which may stop the process. The clock on it is the real
 * one over simulated sources.
 */
export class SimulatedMachine {
  readonly clock: Clock;
  /** Milliseconds since the beginning, whatever anybody did. */
  passed = 0;
  #wallError = 0;
  #asleep = 0;
  readonly #timers = new Set<Timer>();

  constructor() {
    this.clock = createClock({
      wall: () => Date.UTC(2026, 0, 1) + Math.floor(this.passed) + this.#wallError,
      monotonic: () => this.#monotonic,
      uptime: () => this.passed,
      timer: (delayMs, callback) => {
        const timer = { at: this.#monotonic + Math.max(1, delayMs), callback };
        this.#timers.add(timer);
        return () => void this.#timers.delete(timer);
      },
    });
  }

  /** Time passes and the process runs. */
  advance(ms: number): void {
    const end = this.passed + ms;
    for (;;) {
      const next = this.#next();
      if (next === undefined || next.at - this.#monotonic > end - this.passed) break;
      this.passed += Math.max(0, next.at - this.#monotonic);
      this.#fire(next);
    }
    this.passed = end;
  }

  /** Somebody, or the network's time, sets the wall clock. */
  step(ms: number): void {
    this.#wallError += ms;
  }

  /** The lid is closed: where the system's monotonic clock stands still meanwhile, as on Linux. */
  sleep(ms: number): void {
    this.passed += ms;
    this.#asleep += ms;
  }

  /**
   * The process is stopped, or the machine sleeps where its monotonic clock goes on: on waking all timers are due at once,
   * before anything that others sent is read.
   */
  stop(ms: number): void {
    this.passed += ms;
    for (const timer of [...this.#timers].sort((one, other) => one.at - other.at))
      if (timer.at <= this.#monotonic && this.#timers.has(timer)) this.#fire(timer);
  }

  get #monotonic(): number {
    return this.passed - this.#asleep;
  }

  #next(): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) if (next === undefined || timer.at < next.at) next = timer;
    return next;
  }

  #fire(timer: Timer): void {
    this.#timers.delete(timer);
    timer.callback();
  }
}
