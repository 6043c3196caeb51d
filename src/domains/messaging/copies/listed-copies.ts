import type { InboxItem } from "../inbox/inbox-item.js";

const minuteMs = 60_000;

/** Copies of answers that left an inbox's list without being read. */
export interface OmittedAnswers {
  readonly count: number;
  /** Wall milliseconds at which the oldest of them came in. */
  readonly oldestAt: number;
}

/** The copies of answers that an inbox lists: at most a fixed number, the newest. What left the list is counted. */
export class ListedCopies {
  readonly #max: number;
  readonly #keepMs: number;
  /** Oldest first. */
  readonly #listed: InboxItem[] = [];
  /** Those that left, by the minute in which they came in. */
  readonly #omitted = new Map<number, OmittedAnswers>();

  /** `keepMs`: how long what left the list is counted, from when it came in. */
  constructor(max: number, keepMs: number) {
    this.#max = max;
    this.#keepMs = keepMs;
  }

  /** Lists the copy; returns the one that leaves the list for it. */
  add(copy: InboxItem): InboxItem | undefined {
    this.#listed.push(copy);
    return this.#listed.length > this.#max ? this.#listed.shift() : undefined;
  }

  /** The copy has ended. */
  remove(copy: InboxItem): void {
    const at = this.#listed.indexOf(copy);
    if (at >= 0) this.#listed.splice(at, 1);
  }

  /** The copy left without being read. */
  omit({ acceptedAt }: InboxItem): void {
    const minute = Math.floor(acceptedAt / minuteMs);
    const known = this.#omitted.get(minute);
    if (known === undefined) this.#forget(acceptedAt);
    const { count, oldestAt } = known ?? { count: 0, oldestAt: acceptedAt };
    this.#omitted.set(minute, { count: count + 1, oldestAt: Math.min(oldestAt, acceptedAt) });
  }

  /** It was read all the same. */
  recall({ acceptedAt }: InboxItem): void {
    const minute = Math.floor(acceptedAt / minuteMs);
    const known = this.#omitted.get(minute);
    if (known === undefined) return;
    if (known.count === 1) this.#omitted.delete(minute);
    else this.#omitted.set(minute, { ...known, count: known.count - 1 });
  }

  /** Undefined when nothing left the list; `now` in wall milliseconds. */
  omitted(now: number): OmittedAnswers | undefined {
    this.#forget(now);
    let sum: OmittedAnswers | undefined;
    for (const { count, oldestAt } of this.#omitted.values())
      sum = { count: (sum?.count ?? 0) + count, oldestAt: Math.min(sum?.oldestAt ?? oldestAt, oldestAt) };
    return sum;
  }

  #forget(now: number): void {
    for (const [minute, { oldestAt }] of this.#omitted)
      if (oldestAt < now - this.#keepMs) this.#omitted.delete(minute);
  }
}
