/** How much waits in an inbox, and since when. */
export interface Waiting {
  readonly count: number;
  /** Wall milliseconds at which the oldest came in. */
  readonly oldestAt: number;
}

/** Counts what waits. */
export class WaitingCount {
  #sum: Waiting | undefined;

  constructor(sum?: Waiting) {
    this.#sum = sum;
  }

  /** Undefined without an item. */
  get sum(): Waiting | undefined {
    return this.#sum;
  }

  /** One item that came in at that wall time, milliseconds. */
  add(at: number): void {
    this.addAll({ count: 1, oldestAt: at });
  }

  addAll(more: Waiting | undefined): void {
    if (more === undefined) return;
    const { count = 0, oldestAt = more.oldestAt } = this.#sum ?? {};
    this.#sum = { count: count + more.count, oldestAt: Math.min(oldestAt, more.oldestAt) };
  }
}
