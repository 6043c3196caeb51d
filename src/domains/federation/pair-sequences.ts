import type { EndpointBook } from "./endpoint-book.js";

/** Numbers that are taken before the next durable step. */
const blockSize = 10_000;

/**
 * The highest `pair_seq` taken of each daemon: none is taken twice, not even after a crash. What is stored runs ahead by
 * a block, so that taking one costs no write; after a start the other side hears of the stored one and goes on above.
 */
export class PairSequences {
  readonly #book: EndpointBook;
  readonly #last = new Map<string, number>();
  readonly #raising = new Map<string, Promise<unknown>>();

  constructor(book: EndpointBook) {
    this.#book = book;
  }

  last(endpointId: string): number {
    return this.#last.get(endpointId) ?? this.#book.get(endpointId)?.seq_bound ?? 0;
  }

  /** False when the number, or a higher one, was taken before. */
  async take(endpointId: string, seq: number): Promise<boolean> {
    if (seq <= this.last(endpointId)) return false;
    this.#last.set(endpointId, seq);
    while (seq > (this.#book.get(endpointId)?.seq_bound ?? Number.POSITIVE_INFINITY))
      await this.#raise(endpointId);
    return true;
  }

  #raise(endpointId: string): Promise<unknown> {
    let raising = this.#raising.get(endpointId);
    if (raising === undefined) {
      const bound = this.last(endpointId) + blockSize;
      raising = this.#book
        .update(endpointId, (before) => ({ ...before, seq_bound: Math.max(before.seq_bound, bound) }))
        .finally(() => this.#raising.delete(endpointId));
      this.#raising.set(endpointId, raising);
    }
    return raising;
  }
}
