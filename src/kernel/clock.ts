import { uptime } from "node:os";

/** Time as the rest of the process sees it; tests and simulations own it. */
export interface Clock {
  /** Wall clock, milliseconds since the epoch: for stored and shown times, never for deadlines. It may be set. */
  now(): number;
  /**
   * Milliseconds that the process lived through, for deadlines and durations: it stands still while the machine sleeps or
   * the process is stopped, so that nobody's lease runs out while nobody could be heard.
   */
  monotonic(): number;
  /** Milliseconds that passed, asleep or awake, whatever the wall clock was set to; coarse, and slow to ask for. */
  elapsed(): number;
  /** Calls once after `delayMs` of `monotonic`; the result cancels it. Never keeps the process alive. */
  after(delayMs: number, callback: () => void): () => void;
}

/** What a clock is made of; the machine's own outside of tests. */
export interface TimeSources {
  wall(): number;
  monotonic(): number;
  uptime(): number;
  /** Calls once, at the earliest after the delay; the result cancels. */
  timer(delayMs: number, callback: () => void): () => void;
}

/** How often the clock looks whether the process runs. */
const beatMs = 1_000;
/** A longer time between two looks counts as this much: for the rest the process did not run. */
const longestStepMs = 2_000;
const longestTimerMs = 2 ** 31 - 1;
/** Node counts a delay from the start of the loop's turn, so that a timer can fire early and has to be armed again. */
const slackMs = 4;
/** Shorter timers get no slack. */
const longDelayMs = 1_000;

export function createClock(sources: TimeSources): Clock {
  let lived = 0;
  let last: number | undefined;
  const beat = (): void => {
    monotonic();
    sources.timer(beatMs, beat);
  };
  function monotonic(): number {
    const now = sources.monotonic();
    if (last === undefined) {
      last = now;
      sources.timer(beatMs, beat);
    }
    lived += Math.min(now - last, longestStepMs);
    last = now;
    return lived;
  }
  return {
    now: sources.wall,
    monotonic,
    elapsed: sources.uptime,
    after(delayMs, callback) {
      const due = monotonic() + delayMs;
      let cancel: () => void;
      const wait = (ms: number): void => {
        const slack = ms < longDelayMs ? 0 : slackMs;
        cancel = sources.timer(Math.min(ms + slack, longestTimerMs), () => {
          const left = due - monotonic();
          // A timer may come a fraction of a millisecond early.
          if (left < 1) callback();
          else wait(left);
        });
      };
      wait(delayMs);
      return () => cancel();
    },
  };
}

/** The machine's clock. */
export const systemClock: Clock = createClock({
  wall: () => Date.now(),
  monotonic: () => performance.now(),
  uptime: () => uptime() * 1000,
  timer(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
});

/** A function that gives wall milliseconds as an ISO 8601 text and keeps the last one: many are asked for in one millisecond. */
export function isoTexts(): (ms: number) => string {
  let lastMs = Number.NaN;
  let last = "";
  return (ms) => {
    if (ms !== lastMs) {
      last = new Date(ms).toISOString();
      lastMs = ms;
    }
    return last;
  };
}

/** The present as an ISO 8601 text. */
export const isoTime: (ms: number) => string = isoTexts();
