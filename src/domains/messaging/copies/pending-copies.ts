/** Positions of answers whose copies may be missing in their askers' inboxes. */
export class PendingCopies {
  /** In the order of the log. */
  readonly #positions = new Set<number>();
  #last = 0;

  get size(): number {
    return this.#positions.size;
  }

  has(position: number): boolean {
    return this.#positions.has(position);
  }

  /** Takes in the position of an answer that is queued with its asker; positions rise. */
  see(position: number): void {
    this.#last = position;
  }

  add(position: number): void {
    this.#positions.add(position);
  }

  /** The copy is made. Returns the position through which all are. */
  made(position: number): number {
    this.#positions.delete(position);
    const [oldest] = this.#positions;
    return oldest === undefined ? this.#last : oldest - 1;
  }
}
