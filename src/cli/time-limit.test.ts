import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { parseTimeLimit } from "./arguments.js";
import { TimeLimit, TimeLimitError } from "./time-limit.js";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const never = new Promise<never>(() => {});

test("[cli.time-limit] a step fails when the time of the command is over, counted from its start", async () => {
  const limit = new TimeLimit("3s");
  await expect(limit.within(Promise.resolve(1), "unused")).resolves.toBe(1);
  vi.advanceTimersByTime(2_000);
  const outcome = limit.within(never, "nothing was sent").catch((error: unknown) => error);
  vi.advanceTimersByTime(1_000);
  expect(await outcome).toEqual(new TimeLimitError("stopped after 3s: nothing was sent"));
  await expect(limit.within(never, "late")).rejects.toThrow("stopped after 3s: late");
});

test("[cli.time-limit] without a limit a step takes as long as it takes, and its own failure is kept", async () => {
  const limit = new TimeLimit(undefined);
  vi.advanceTimersByTime(10 * 86_400_000);
  expect(limit.signal.aborted).toBe(false);
  await expect(limit.within(Promise.reject(new Error("own")), "unused")).rejects.toThrow("own");
});

test("[cli.time-limit] a limit that no timer can wait for is the longest one, not none", () => {
  const limit = new TimeLimit("60d");
  vi.advanceTimersByTime(20 * 86_400_000);
  expect(limit.signal.aborted).toBe(false);
  expect(parseTimeLimit("60d")).toBe(2_147_483_647);
});
