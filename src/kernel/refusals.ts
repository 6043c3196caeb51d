/** How refusals are held back that come faster than anybody needs them. */
export interface RefusalLimits {
  /** So many within `holdMs` are told at once. */
  free: number;
  /** Shortest time to hold a refusal back, milliseconds. */
  holdMs: number;
}

/**
 * Says how long to hold refusals of those who should come again later. A refusal costs nearly as much as an answer: told
 * at once, those who do not wait would leave no time for others. The more are held, the longer: one a millisecond is told.
 */
export class Refusals {
  readonly #limits: RefusalLimits;
  #held = 0;
  #recent = 0;
  #recentSince = Number.NEGATIVE_INFINITY;

  constructor(limits: RefusalLimits) {
    this.#limits = limits;
  }

  /** For one that could be told at `now` (monotonic milliseconds): how long to hold it; 0 is at once. */
  waitOf(now: number): number {
    const { free, holdMs } = this.#limits;
    if (now - this.#recentSince > holdMs) {
      this.#recentSince = now;
      this.#recent = 0;
    }
    this.#recent += 1;
    return this.#recent <= free ? 0 : this.wait();
  }

  /** For one that is held in any case. */
  wait(): number {
    return Math.max(this.#limits.holdMs, this.#held);
  }

  hold(): void {
    this.#held += 1;
  }

  tell(): void {
    this.#held -= 1;
  }
}
