import { categoryOf } from "./errors.js";
import type { OperationEntry } from "./operation.js";
import { ParleyError } from "./parley-error.js";

const firstDelay = 100;
const longestDelay = 8_000;

/**
 * Milliseconds to wait before the next try, null when there must be none: only operations whose declared idempotency
 * makes a repeat safe are repeated, and only after failures that pass by themselves.
 */
export function retryDelay(
  operation: Pick<OperationEntry, "idempotency">,
  error: unknown,
  attempt: number,
  retries: number,
  random: () => number,
): number | null {
  if (operation.idempotency === "none" || attempt >= retries) return null;
  if (!(error instanceof ParleyError) || !passes(error)) return null;
  return Math.max(backoff(attempt, random), error.retryAfterMs ?? 0);
}

/** Exponential with jitter over its upper half: from 50-100 ms to 4-8 s. */
export function backoff(attempt: number, random: () => number): number {
  const full = Math.min(longestDelay, firstDelay * 2 ** attempt);
  return full / 2 + (random() * full) / 2;
}

/** True for limits and outages. A conflict may be retryable too, but only its caller knows when. */
export function passes(error: ParleyError): boolean {
  const category = categoryOf(error);
  return error.retryable && (category === "limit" || category === "unavailable");
}
