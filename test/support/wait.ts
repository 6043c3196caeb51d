import { setTimeout as pause } from "node:timers/promises";

/** Waits until `probe` gives a value, for what reports nothing when it happens; fails with `what` after the limit. */
export async function until<T>(
  what: string,
  probe: () => Promise<T | undefined> | T | undefined,
  limitMs = 20_000,
  everyMs = 25,
): Promise<T> {
  const end = performance.now() + limitMs;
  for (;;) {
    const value = await probe();
    if (value !== undefined) return value;
    if (performance.now() > end) throw new Error(`waited ${limitMs} ms in vain for: ${what}`);
    await pause(everyMs);
  }
}
