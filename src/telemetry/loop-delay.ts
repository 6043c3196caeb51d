import type { Clock } from "../kernel/clock.js";

const sampleMs = 20;

/** A request whose body may still be arriving. */
export interface ArrivingRequest {
  readonly complete: boolean;
  readonly destroyed: boolean;
}

/**
 * Longest time that the event loop was blocked, measured as the lateness of a 20 ms timer. The timer runs while requests
 * or frames arrive, armed before their bytes are parsed. It does not run while the daemon is idle: it would wake it 50
 * times a second.
 */
export class LoopDelay {
  readonly #clock: Clock;
  /** Milliseconds that passed; unlike the clock's they include the time in which the process did not run. */
  readonly #now: () => number;
  readonly #arriving = new Set<ArrivingRequest>();
  #longestMs = 0;
  #cancel: (() => void) | undefined;

  constructor(clock: Clock, now: () => number) {
    this.#clock = clock;
    this.#now = now;
  }

  /** A request begins to arrive; samples until it is there. */
  requestArrives(request: ArrivingRequest): void {
    this.#arriving.add(request);
    this.bytesArrive();
  }

  /** Bytes arrived on a WebSocket. */
  bytesArrive(): void {
    if (this.#cancel !== undefined) return;
    const due = this.#now() + sampleMs;
    this.#cancel = this.#clock.after(sampleMs, () => {
      this.#longestMs = Math.max(this.#longestMs, this.#now() - due);
      this.#cancel = undefined;
      for (const request of this.#arriving)
        if (request.complete || request.destroyed) this.#arriving.delete(request);
      if (this.#arriving.size > 0) this.bytesArrive();
    });
  }

  /** Longest block since the last call, milliseconds. */
  takeLongest(): number {
    const longest = this.#longestMs;
    this.#longestMs = 0;
    return longest;
  }

  /** Stops sampling for good. */
  close(): void {
    this.#cancel?.();
    this.#cancel = () => {};
  }
}
