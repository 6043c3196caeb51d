/** How much of something there may be: so many at once, and so many each second after that. */
export interface Allowance {
  readonly burst: number;
  readonly perSecond: number;
}

/** A token bucket, as the time at which it is full again. Monotonic milliseconds are given to it. */
export class Bucket {
  readonly #interval: number;
  /** What may be missing while one can still be taken, as time. */
  readonly #slack: number;
  #fullAt: number;

  constructor({ burst, perSecond }: Allowance, now: number) {
    this.#interval = 1_000 / perSecond;
    this.#slack = (burst - 1) * this.#interval;
    this.#fullAt = now;
  }

  /** Milliseconds until one more can be taken; 0: now. */
  waitMs(now: number): number {
    return Math.max(0, Math.ceil(this.#fullAt - now - this.#slack));
  }

  /** Takes one that `waitMs` said is there. */
  take(now: number): void {
    this.#fullAt = Math.max(this.#fullAt, now) + this.#interval;
  }

  /** Nothing is missing: it need not be remembered. */
  isFull(now: number): boolean {
    return this.#fullAt <= now;
  }
}
