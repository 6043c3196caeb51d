/** How many of something each key has. */
export class Counts {
  readonly #counts = new Map<string, number>();

  of(key: string): number {
    return this.#counts.get(key) ?? 0;
  }

  add(key: string, count: 1 | -1): void {
    const now = this.of(key) + count;
    if (now > 0) this.#counts.set(key, now);
    else this.#counts.delete(key);
  }
}
