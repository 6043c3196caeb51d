import type { LogEntry } from "../../kernel/backend.js";
import type { Page } from "../follow.js";

/**
 * The acknowledged entries that the writer has not folded yet, by log: the readers' connection would have to look for
 * them in a table without an index. What the database says of a log comes first, these go on after it; an entry that
 * both have is taken once, by its position.
 */
export class Recent {
  /** Of each log oldest first; contiguous, unless the store lost some. */
  readonly #logs = new Map<string, LogEntry[]>();

  add(log: string, entry: LogEntry): void {
    const entries = this.#logs.get(log);
    if (entries) entries.push(entry);
    else this.#logs.set(log, [entry]);
  }

  /** The newest position of a log with recent entries, else 0. */
  lastSeq(log: string): number {
    return this.#logs.get(log)?.at(-1)?.seq ?? 0;
  }

  /** A page from a position on; undefined when older entries may come before what is here. */
  from(
    log: string,
    position: number,
    subject: string | undefined,
    limit: number,
  ): Page<LogEntry> | undefined {
    const entries = this.#logs.get(log);
    const first = entries?.[0];
    return entries && first && position >= first.seq ? page(entries, position, subject, limit) : undefined;
  }

  /** Continues a last page of the database. */
  after(log: string, read: Page<LogEntry>, subject: string | undefined, limit: number): Page<LogEntry> {
    const entries = this.#logs.get(log);
    if (!entries || read.more || this.lastSeq(log) < read.next) return read;
    const newer = page(entries, read.next, subject, limit - read.items.length);
    return { ...newer, items: [...read.items, ...newer.items] };
  }

  entryById(log: string, id: string): LogEntry | undefined {
    return this.#logs.get(log)?.find((entry) => entry.id === id);
  }

  trim(log: string, beforeSeq: number): void {
    const entries = this.#logs.get(log);
    if (!entries) return;
    const kept = entries.filter(({ seq }) => seq >= beforeSeq);
    if (kept.length > 0) this.#logs.set(log, kept);
    else this.#logs.delete(log);
  }

  clear(): void {
    this.#logs.clear();
  }
}

function page(
  entries: readonly LogEntry[],
  position: number,
  subject: string | undefined,
  limit: number,
): Page<LogEntry> {
  const items: LogEntry[] = [];
  let at = Math.min(Math.max(0, position - entries[0]!.seq), entries.length);
  while (at > 0 && entries[at - 1]!.seq >= position) at -= 1;
  for (; at < entries.length && items.length < limit; at++)
    if (subject === undefined || entries[at]!.subject === subject) items.push(entries[at]!);
  const next = Math.max(position, (entries[at - 1]?.seq ?? 0) + 1);
  return { items, next, more: at < entries.length };
}
