/** Calls that may be under way at once. */
export interface AdmissionLimits {
  /** For as long as it takes. */
  calls: number;
  /** Many more in a burst, for so long, milliseconds. */
  burstMs: number;
}

/** A burst may have so many times the calls of the steady limit. */
const burstFactor = 8;

/**
 * Says which calls begin now. What would only wait in line is refused, so that those let in are answered in time; a
 * burst is no overload: it is let in whole as long as it passes soon.
 */
export class Admission {
  readonly #limits: AdmissionLimits;
  #underWay = 0;
  /** When the limit was first found reached, and last. */
  #pressedSince = Number.NEGATIVE_INFINITY;
  #pressedAt = Number.NEGATIVE_INFINITY;

  constructor(limits: AdmissionLimits) {
    this.#limits = limits;
  }

  /** Counts a call that begins at `now` (monotonic milliseconds), unless there is no room for it. */
  enter(now: number): boolean {
    if (this.#underWay >= this.#limits.calls && !this.#bears(now)) return false;
    this.#underWay += 1;
    return true;
  }

  leave(): void {
    this.#underWay -= 1;
  }

  #bears(now: number): boolean {
    const { calls, burstMs } = this.#limits;
    if (now - this.#pressedAt > burstMs) this.#pressedSince = now;
    this.#pressedAt = now;
    return this.#underWay < calls * burstFactor && now - this.#pressedSince < burstMs;
  }
}
