import { setTimeout as pause } from "node:timers/promises";

const firstMs = 100;

/** Growing pauses between tries. */
export class Pauses {
  readonly #signal: AbortSignal;
  readonly #longestMs: number;
  #ms = firstMs;

  constructor(signal: AbortSignal, longestMs = 2_000) {
    this.#signal = signal;
    this.#longestMs = longestMs;
  }

  reset(): void {
    this.#ms = firstMs;
  }

  async next(): Promise<void> {
    const ms = this.#ms * (0.5 + Math.random() / 2);
    this.#ms = Math.min(this.#ms * 2, this.#longestMs);
    await pause(ms, undefined, { signal: this.#signal }).catch(() => {});
  }
}
