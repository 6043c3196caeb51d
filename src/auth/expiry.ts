import type { Clock } from "../kernel/clock.js";

/** Looked at this often at least: while the machine sleeps time passes and no timer runs. */
const longestWaitMs = 60_000;
const lookEveryMs = 1_000;

/**
 * The end of a credential's life. Stored as a wall time, it counts as what was left when the process learnt of it: a wall
 * clock that is set neither ends nor prolongs it, and the machine's sleep counts.
 */
export class Expiry {
  readonly #clock: Clock;
  readonly #at: number;
  readonly #awakeUntil: number;
  readonly #until: number;
  #lookAt = 0;
  #over = false;

  /** `at` in milliseconds since the epoch. */
  constructor(clock: Clock, at: number) {
    this.#clock = clock;
    this.#at = at;
    const left = at - clock.now();
    this.#awakeUntil = clock.monotonic() + left;
    this.#until = clock.elapsed() + left;
  }

  /** At most a second late when the machine slept or its wall clock was set, else exact. */
  get over(): boolean {
    // Two cheap and precise clocks first: the third is asked when one of them says that time is up, and now and then.
    const now = this.#clock.monotonic();
    const young = this.#clock.now() < this.#at && now < this.#awakeUntil;
    if (this.#over || (young && now < this.#lookAt)) return this.#over;
    this.#lookAt = now + lookEveryMs;
    this.#over = this.#clock.elapsed() >= this.#until;
    return this.#over;
  }

  /** Calls back once it is over; the result cancels that. */
  whenOver(callback: () => void): () => void {
    let cancel: () => void = () => {};
    const wait = (): void => {
      const left = Math.max(1, this.#until - this.#clock.elapsed());
      cancel = this.#clock.after(Math.min(left, longestWaitMs), () => {
        if (this.over) callback();
        else wait();
      });
    };
    wait();
    return () => cancel();
  }
}
