import type { AppendResult, LogEntry, NewEntry, ReadOptions } from "../../kernel/backend.js";

/** One log: positions are contiguous, so an entry is found by arithmetic. */
export class MemoryLog {
  lastSeq = 0;
  #entries: LogEntry[] = [];
  readonly #seqById = new Map<string, number>();

  append(entry: NewEntry): AppendResult {
    const first = this.#seqById.get(entry.id);
    if (first !== undefined) return { outcome: "committed", seq: first, duplicate: true };
    if (entry.expectSeq !== undefined && entry.expectSeq !== this.lastSeq)
      return { outcome: "conflict", lastSeq: this.lastSeq };
    const seq = ++this.lastSeq;
    const { id, subject, body } = entry;
    this.#entries.push({ seq, id, subject, body });
    this.#seqById.set(id, seq);
    return { outcome: "committed", seq, duplicate: false };
  }

  read({ fromSeq, subject, id, limit, chars = Number.POSITIVE_INFINITY }: ReadOptions): LogEntry[] {
    const firstSeq = this.lastSeq - this.#entries.length + 1;
    if (id !== undefined) {
      const seq = this.#seqById.get(id);
      const entry = seq === undefined || seq < fromSeq ? undefined : this.#entries[seq - firstSeq];
      return entry && (subject === undefined || entry.subject === subject) ? [{ ...entry }] : [];
    }
    const found: LogEntry[] = [];
    let read = 0;
    for (let at = Math.max(0, fromSeq - firstSeq); at < this.#entries.length && found.length < limit; at++) {
      const entry = this.#entries[at]!;
      if (subject !== undefined && entry.subject !== subject) continue;
      found.push({ ...entry });
      read += entry.body.length;
      if (read >= chars) break;
    }
    return found;
  }

  trim(beforeSeq: number): void {
    const firstSeq = this.lastSeq - this.#entries.length + 1;
    const gone = this.#entries.splice(0, Math.max(0, beforeSeq - firstSeq));
    for (const entry of gone) this.#seqById.delete(entry.id);
  }
}
