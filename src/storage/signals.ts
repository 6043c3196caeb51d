/** Signals within the process: each listener is called in a microtask of its own, in order, so that none disturbs the sender. */
export class Signals {
  readonly #listeners = new Map<string, Set<(payload: string) => void>>();

  send(topic: string, payload: string): void {
    for (const listener of this.#listeners.get(topic) ?? [])
      queueMicrotask(() => {
        if (this.#listeners.get(topic)?.has(listener)) listener(payload);
      });
  }

  /** The result removes the listener. */
  listen(topic: string, listener: (payload: string) => void): () => void {
    // One entry per call, also when the same function listens twice.
    const own = (payload: string): void => listener(payload);
    const set = this.#listeners.get(topic) ?? new Set();
    this.#listeners.set(topic, set.add(own));
    return () => {
      set.delete(own);
      if (set.size === 0 && this.#listeners.get(topic) === set) this.#listeners.delete(topic);
    };
  }

  clear(): void {
    this.#listeners.clear();
  }
}
