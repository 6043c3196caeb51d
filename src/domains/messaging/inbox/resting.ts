import type { Reservation } from "../streams/reservation.js";
import { type Waiting, WaitingCount } from "./waiting.js";

/** A claim of items that are not settled. */
export interface RestingClaim {
  /** Monotonic end. */
  until: number;
  items: number;
  /** Those that an inbox lists: they wait again when the claim is over. */
  readonly listed: WaitingCount;
}

/** What is known of an inbox that is not in memory, beside its log. */
export interface RestingInbox {
  /** Items that wait for a host and belong to no claim. */
  readonly unclaimed: number;
  /** Of those, what is listed. */
  readonly waiting: Waiting | undefined;
  /** Claims of items that are not settled, by hash. */
  readonly claims: ReadonlyMap<string, RestingClaim>;
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

/** Listed items that no host has claimed; undefined without one. */
export function waitingAtRest({ waiting, claims }: RestingInbox, now: number): Waiting | undefined {
  const found = new WaitingCount(waiting);
  for (const { until, listed } of claims.values()) if (until <= now) found.addAll(listed.sum);
  return found.sum;
}
