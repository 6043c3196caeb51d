import type { LogEntry } from "../../kernel/backend.js";
import type { Page } from "../follow.js";
import { Topic } from "../topics.js";

const windowEntries = 256;
const windowChars = 1024 * 1024;

/**
 * A followed log's newest entries, shared by its followers: those that keep up need no read of the database, the
 * others fall out of the window and read at their own pace.
 */
export class FollowedLog extends Topic {
  /** Contiguous, oldest first. */
  #entries: LogEntry[] = [];
  #chars = 0;

  add(entry: LogEntry): void {
    const last = this.#entries.at(-1);
    if (last && last.seq + 1 !== entry.seq) this.#drop(this.#entries.length);
    this.#entries.push(entry);
    this.#chars += entry.body.length;
    if (this.#entries.length > windowEntries || this.#chars > windowChars)
      // Half at once: dropping one by one would move the array for every entry.
      this.#drop(Math.ceil(this.#entries.length / 2));
  }

  /** What there is from a position on; undefined when the window starts later. */
  from(position: number, subject: string | undefined): Page<LogEntry> | undefined {
    const first = this.#entries[0];
    const last = this.#entries.at(-1);
    if (!first || !last || position < first.seq || position > last.seq) return undefined;
    const newer = this.#entries.slice(position - first.seq);
    const items = subject === undefined ? newer : newer.filter((entry) => entry.subject === subject);
    return { items, next: last.seq + 1, more: false };
  }

  trim(beforeSeq: number): void {
    const kept = this.#entries.findIndex((entry) => entry.seq >= beforeSeq);
    this.#drop(kept < 0 ? this.#entries.length : kept);
  }

  #drop(count: number): void {
    for (const { body } of this.#entries.splice(0, count)) this.#chars -= body.length;
  }
}
