import type { AcceptedEntry, AnsweredEntry, InboxEntry, InputAnsweredEntry } from "./inbox-entry.js";

/** Idempotency keys that are remembered longer than others: as long as their commands may wait. */
export class KeptKeys {
  readonly #windowMs: number;
  /** In the order of the log; wall milliseconds. */
  #keys: { readonly seq: number; readonly until: number }[] = [];

  /** `windowMs`: how long every key is remembered. */
  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /** Takes in what the log has at the position. */
  see(
    seq: number,
    { at, body_hash, expires_at }: InboxEntry & (AcceptedEntry | AnsweredEntry | InputAnsweredEntry),
  ): void {
    if (body_hash === undefined || expires_at === undefined || expires_at - at <= this.#windowMs) return;
    this.#keys.push({ seq, until: expires_at });
  }

  /** First position that must stay at that wall time; Infinity without one. */
  neededAt(now: number): number {
    if (this.#keys.length === 0) return Number.POSITIVE_INFINITY;
    this.#keys = this.#keys.filter(({ until }) => until >= now);
    return this.#keys[0]?.seq ?? Number.POSITIVE_INFINITY;
  }

  /** Wall time from which no key below the position must stay. */
  freeBelow(seq: number): number {
    let at = Number.NEGATIVE_INFINITY;
    for (const key of this.#keys) if (key.seq < seq) at = Math.max(at, key.until);
    return at;
  }
}
