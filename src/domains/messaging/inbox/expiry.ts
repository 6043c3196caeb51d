import type { Clock } from "../../../kernel/clock.js";
import type { Inbox } from "./inbox.js";
import type { InboxItem } from "./inbox-item.js";

/** What ends later than this is found by the sweeps, which come more often, milliseconds. */
const watchMs = 120_000;

/** Ends what no host made its own in its time, by one timer for each inbox and only while something ends soon. */
export class Expiry {
  readonly #clock: Clock;
  readonly #inbox: Inbox;
  readonly #end: (items: readonly InboxItem[]) => Promise<void>;
  #stopTimer: (() => void) | undefined;
  /** Monotonic time at which the timer fires. */
  #at = Number.POSITIVE_INFINITY;

  /** `end` writes that the items have expired; it fails for nobody. */
  constructor(clock: Clock, inbox: Inbox, end: (items: readonly InboxItem[]) => Promise<void>) {
    this.#clock = clock;
    this.#inbox = inbox;
    this.#end = end;
  }

  /** A timer runs. */
  get armed(): boolean {
    return this.#stopTimer !== undefined;
  }

  /** Makes sure that somebody looks at that monotonic time. */
  watch(at: number): void {
    if (at >= this.#at) return;
    const left = at - this.#clock.monotonic();
    if (left > watchMs) return;
    this.#stopTimer?.();
    this.#at = at;
    this.#stopTimer = this.#clock.after(Math.max(1, left), () => {
      this.#forgetTimer();
      void this.run();
    });
  }

  /** Ends what is late and looks for what is next. */
  async run(): Promise<void> {
    const overdue = this.#inbox.overdue(this.#clock.monotonic());
    if (overdue.length > 0) await this.#end(overdue);
    const now = this.#clock.monotonic();
    // What could not be ended now is tried again by the next sweep.
    this.watch(this.#inbox.nextOverdue(now));
  }

  stop(): void {
    this.#stopTimer?.();
    this.#forgetTimer();
    this.#at = Number.NEGATIVE_INFINITY;
  }

  #forgetTimer(): void {
    this.#stopTimer = undefined;
    this.#at = Number.POSITIVE_INFINITY;
  }
}
