/** Time as the rest of the process sees it; tests and simulations own it. */
export interface Clock {
  /** Wall clock, milliseconds since the epoch: for stored and shown times, never for deadlines. */
  now(): number;
  /** Monotonic milliseconds: for deadlines and durations. */
  monotonic(): number;
  /** Calls once after `delayMs`; the result cancels it. Never keeps the process alive. */
  after(delayMs: number, callback: () => void): () => void;
}

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
};

let isoMs = Number.NaN;
let iso = "";

/** Wall milliseconds as an ISO 8601 text; many are asked for in one millisecond. */
export function isoTime(ms: number): string {
  if (ms !== isoMs) {
    iso = new Date(ms).toISOString();
    isoMs = ms;
  }
  return iso;
}
