import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { bars, checks, holds } from "../../bench/bars.js";
import { toLine } from "../../bench/kit/report.js";
import { median, pairedRatio, percentile } from "../../bench/kit/stats.js";
import { benchmarks } from "../../bench/suites/index.js";

describe("[bench.bars] performance bars and their benchmarks", () => {
  test("every bar has a benchmark or says what it waits for", () => {
    const neither = bars.filter(({ measuredBy }) =>
      "benchmark" in measuredBy ? !benchmarks.has(measuredBy.benchmark) : measuredBy.waitsFor.length < 10,
    );
    expect(neither.map(({ path }) => path)).toEqual([]);
  });

  test("every bar has a check, and ids of checks are unique", () => {
    expect(bars.filter((bar) => bar.checks.length === 0)).toEqual([]);
    expect(checks.size).toBe(bars.flatMap((bar) => bar.checks).length);
  });

  test("a goal is at least as far as its gate", () => {
    const nearer = [...checks.values()].filter(
      ({ check }) => check.goal !== undefined && !holds(check, check.goal, check.gate),
    );
    expect(nearer.map(({ check }) => check.id)).toEqual([]);
  });

  test.each([
    "raw-http.ts",
    "ws-echo.ts",
    "nginx.conf",
    "slow-fsync.c",
    "mcp-sdk.ts",
    "undici-client.ts",
    "http_client.py",
    "raw-fan-out.ts",
    "synced-append.ts",
    "bare-node.mjs",
  ])("the yardstick %s is committed beside them", (name) => {
    expect(existsSync(fileURLToPath(new URL(`../../bench/yardsticks/${name}`, import.meta.url)))).toBe(true);
  });

  test("a result beyond its gate is said to be unmet", () => {
    const line = (value: number) =>
      toLine("rest-unary", {
        check: "rest.rate",
        figure: { median: value, low: value, high: value },
        unit: "x",
        detail: "",
      }).verdict;
    expect([line(0.69), line(0.7), line(0.85)]).toEqual(["not met", "met", "met, goal too"]);
    expect(toLine("rest-unary", { check: "rest.rate", reason: "no disk" }).verdict).toBe(
      "not measured: no disk",
    );
  });

  test("ratios are paired by round", () => {
    expect(pairedRatio([1, 20, 3], [2, 10, 3])).toEqual({ median: 1, low: 0.5, high: 2 });
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(percentile([5, 1, 4, 2, 3], 0.99)).toBe(5);
  });
});
