/** One who waits for a topic; `resume` is there while it does. */
export interface Waiter {
  resume: (() => void) | undefined;
}

/** One log or bucket as its followers see it: a version that rises with each commit, and a way to wait for that. */
export class Topic {
  version = 0;
  #waiters: Waiter[] = [];

  /** Tells all followers that there may be something new. */
  wake(): void {
    this.version++;
    if (this.#waiters.length === 0) return;
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) waiter.resume?.();
  }

  /** Resolves when the version is no longer `seen`, or on `resume`: a commit between reading and waiting is not missed. */
  changed(seen: number, waiter: Waiter): Promise<void> | void {
    if (this.version !== seen) return;
    this.#waiters.push(waiter);
    return new Promise((resolve) => {
      waiter.resume = resolve;
    });
  }

  /** Forgets a waiter that was resumed by something else. */
  forget(waiter: Waiter): void {
    const at = this.#waiters.indexOf(waiter);
    if (at >= 0) this.#waiters.splice(at, 1);
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
