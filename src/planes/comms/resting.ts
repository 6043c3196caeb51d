import type { Reservation } from "./reservation.js";

/** What is known of an inbox that is not in memory, beside its log. */
export interface RestingInbox {
  /** Items that wait for a host and belong to no claim. */
  readonly unclaimed: number;
  /** Claims of items that are not settled, by hash: monotonic end, and how many. */
  readonly claims: ReadonlyMap<string, { readonly until: number; readonly items: number }>;
  /** Monotonic times before which items are not offered, by interaction. */
  readonly delayed: ReadonlyMap<string, number>;
  /** Reservations that have ended, by interaction. */
  readonly reservations: ReadonlyMap<string, Reservation>;
  /** Answers up to this position are queued with their askers. */
  readonly queuedThrough: number;
}

/**
 * What is known of a mailbox that is not in memory. Nobody has to do with it: whatever changes it loads it first, so that
 * this stays true.
 */
export interface RestingMailbox {
  readonly inbox: RestingInbox;
  /** Last sequence of its events. */
  readonly lastSequence: number;
  /** Wall time from which old entries of its log can go, milliseconds; Infinity when none will. */
  readonly sweepAt: number;
}

/** Items that wait for a host. */
export function unreadAtRest({ unclaimed, claims }: RestingInbox, now: number): number {
  let count = unclaimed;
  for (const { until, items } of claims.values()) if (until <= now) count += items;
  return count;
}
