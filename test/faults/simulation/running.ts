import type { Scheduler } from "./scheduler.js";

/** What a stop counts for in the clock of a process, milliseconds, as in `createClock`. */
const countedMs = 2_000;

/** Whether a process runs. While it is stopped, nothing of it happens; what was due happens when it continues, in its order. */
export class Running {
  readonly #scheduler: Scheduler;
  readonly #due: (() => void)[] = [];
  #since: number | undefined;
  #until = 0;
  /** Milliseconds that its clock did not count. */
  lost = 0;

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  /** Milliseconds that the process lived through. */
  get lived(): number {
    return (this.#since ?? this.#scheduler.now) - this.lost;
  }

  get stopped(): boolean {
    return this.#since !== undefined;
  }

  /** Does the work now, or when the process continues. */
  run(work: () => void): void {
    if (this.stopped) this.#due.push(work);
    else work();
  }

  /** Resolves when the process runs; undefined when it does. */
  turn(): Promise<void> | undefined {
    return this.stopped ? new Promise((resolve) => this.#due.push(resolve)) : undefined;
  }

  stop(ms: number): void {
    this.#since ??= this.#scheduler.now;
    this.#until = Math.max(this.#until, this.#scheduler.now + ms);
    this.#scheduler.after(ms, "continue", () => {
      if (this.#scheduler.now >= this.#until) this.continue();
    });
  }

  continue(): void {
    if (this.#since === undefined) return;
    this.lost += Math.max(0, this.#scheduler.now - this.#since - countedMs);
    this.#since = undefined;
    for (const work of this.#due.splice(0)) work();
  }
}
