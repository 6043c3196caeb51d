/** Calls back once for everything that hangs on a credential when it ends; one listener per credential, however many hang on it. */
export class CredentialsWatch<T> {
  readonly #watched = new Map<AbortSignal, Set<T>>();
  readonly #onEnded: (item: T) => void;

  constructor(onEnded: (item: T) => void) {
    this.#onEnded = onEnded;
  }

  add(ended: AbortSignal, item: T): void {
    if (ended.aborted) {
      this.#onEnded(item);
      return;
    }
    let items = this.#watched.get(ended);
    if (items === undefined) {
      items = new Set();
      this.#watched.set(ended, items);
      ended.addEventListener("abort", this.#release);
    }
    items.add(item);
  }

  remove(ended: AbortSignal, item: T): void {
    const items = this.#watched.get(ended);
    if (items?.delete(item) && items.size === 0) {
      this.#watched.delete(ended);
      ended.removeEventListener("abort", this.#release);
    }
  }

  readonly #release = ({ target }: Event): void => {
    const ended = target as AbortSignal;
    const items = this.#watched.get(ended) ?? [];
    this.#watched.delete(ended);
    for (const item of items) this.#onEnded(item);
  };
}
