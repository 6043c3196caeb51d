import { expect, test } from "vitest";
import { pauseOf, retryAfterOf } from "./model-failure.js";

const now = Date.parse("2026-11-30T08:00:00Z");

test.each<[headers: Record<string, string>, ms: number | undefined]>([
  [{ "retry-after": "20" }, 20_000],
  [{ "retry-after": "0" }, 0],
  [{ "retry-after": "Mon, 30 Nov 2026 08:00:30 GMT" }, 30_000],
  [{ "retry-after": "Mon, 30 Nov 2026 07:00:00 GMT" }, 0],
  [{ "retry-after-ms": "1500", "retry-after": "2" }, 1_500],
  [{ "retry-after": "soon" }, undefined],
  [{ "retry-after": "-5" }, undefined],
  [{}, undefined],
])("[cli.agent-model-busy] %j asks for %s", (headers, ms) => {
  expect(retryAfterOf(new Headers(headers), now)).toBe(ms);
});

test("[cli.agent-model-busy] the pause is what the server wants, within bounds, else a backoff", () => {
  expect([0, 20_000, 86_400_000].map((ms) => pauseOf(ms, 1))).toEqual([1_000, 20_000, 900_000]);
  expect([1, 2, 3, 7, 1_000].map((attempt) => pauseOf(undefined, attempt))).toEqual([
    1_000, 2_000, 4_000, 60_000, 60_000,
  ]);
});
