/** One log or bucket as its followers see it: a version that rises with each commit, and a way to wait for that. */
export class Topic {
  version = 0;
  readonly #waiters = new Set<() => void>();

  /** Tells all followers that there may be something new. */
  wake(): void {
    this.version++;
    if (this.#waiters.size === 0) return;
    const waiters = [...this.#waiters];
    this.#waiters.clear();
    for (const resume of waiters) resume();
  }

  /** Resolves when the version is no longer `seen`, or on abort: a commit between reading and waiting is not missed. */
  changed(seen: number, signal: AbortSignal): Promise<void> {
    if (this.version !== seen || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const resume = (): void => {
        this.#waiters.delete(resume);
        signal.removeEventListener("abort", resume);
        resolve();
      };
      this.#waiters.add(resume);
      signal.addEventListener("abort", resume);
    });
  }
}

/** The topics that have followers, by name; the others cost nothing. */
export class Topics<T extends Topic = Topic> {
  /** Once set, followers end with it. */
  failure: Error | undefined;
  readonly #create: () => T;
  readonly #held = new Map<string, { topic: T; followers: number }>();

  constructor(create: () => T) {
    this.#create = create;
  }

  /** The topic of a name that someone follows. */
  peek(name: string): T | undefined {
    return this.#held.get(name)?.topic;
  }

  acquire(name: string): T {
    let held = this.#held.get(name);
    if (!held) {
      held = { topic: this.#create(), followers: 0 };
      this.#held.set(name, held);
    }
    held.followers++;
    return held.topic;
  }

  release(name: string): void {
    const held = this.#held.get(name);
    if (held && --held.followers === 0) this.#held.delete(name);
  }

  wakeAll(): void {
    for (const { topic } of [...this.#held.values()]) topic.wake();
  }

  /** Ends every follower, now and later, with the error. */
  fail(error: Error): void {
    this.failure ??= error;
    this.wakeAll();
  }
}
