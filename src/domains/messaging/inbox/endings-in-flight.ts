/** Ends of interactions whose write has not settled; several of one interaction may be in flight. */
export class EndingsInFlight {
  readonly #writes = new Map<string, Set<Promise<unknown>>>();

  add(interactionId: string, write: Promise<unknown>): void {
    const writes = this.#writes.get(interactionId) ?? new Set();
    this.#writes.set(interactionId, writes.add(write));
    const settled = (): void => {
      writes.delete(write);
      if (writes.size === 0) this.#writes.delete(interactionId);
    };
    write.then(settled, settled);
  }

  has(interactionId: string): boolean {
    return this.#writes.has(interactionId);
  }

  /** Resolves when those that are in flight now have settled. */
  async settled(interactionId: string): Promise<void> {
    await Promise.allSettled(this.#writes.get(interactionId) ?? []);
  }
}
