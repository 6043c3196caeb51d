import { describe, expect, test } from "vitest";
import type { FaultRun } from "./fault-run.js";
import { carryOutFor } from "./minutes.js";
import { carryOut, table } from "./report.js";
import { seeded } from "./seeded.js";

const run = (result: FaultRun["run"]): FaultRun => ({
  id: "r0",
  promise: "Nothing breaks.",
  long: 10,
  short: 1,
  run: result,
});
const options = { cycles: 3, seed: 7 };

describe("[faults.report] a run's verdict", () => {
  test("held, with its figures", async () => {
    const line = await carryOut(
      run(async () => ({ figures: { acknowledged: 1200 }, broken: [] })),
      options,
    );
    expect(table([line])).toMatch(/r0 +Nothing breaks\. +3 +7 +\S+ s +held +acknowledged 1,200$/);
  });

  test("broken, with every reason and every part left out", async () => {
    const line = await carryOut(
      run(async () => ({ figures: {}, broken: ["seed 7 cycle 2: lost a"], skipped: ["no FUSE here"] })),
      options,
    );
    expect(table([line])).toContain("BROKEN (1)");
    expect(table([line])).toContain("r0 SKIPPED: no FUSE here\nr0 BROKEN: seed 7 cycle 2: lost a");
  });

  test("a run that could not be finished is broken", async () => {
    const line = await carryOut(
      run(() => Promise.reject(new Error("no disk"))),
      options,
    );
    expect(line.broken).toEqual([expect.stringContaining("no disk")]);
  });
});

describe("[faults.minutes] a run by time", () => {
  const clock = (stepMs: number): (() => number) => {
    let at = 0;
    return () => (at += stepMs);
  };

  test("goes on from seed to seed until the time is over, and adds up what it saw", async () => {
    const seeds: number[] = [];
    const timed = run(async ({ seed, cycles }) => {
      seeds.push(seed);
      return { figures: { sent: cycles, worst_ms: seed }, broken: [], skipped: ["no FUSE here"] };
    });
    const line = await carryOutFor({ ...timed, short: 40 }, 1, { seed: 7 }, clock(15_000));
    expect(seeds).toEqual([7, 8, 9]);
    expect(line).toMatchObject({ cycles: 12, seed: 7, nextSeed: 10, broken: [], skipped: ["no FUSE here"] });
    expect(line.figures).toEqual({ sent: 12, worst_ms: 9 });
  });

  test("names the seed of a part that broke, and ends when enough broke", async () => {
    const broken = run(async () => ({ figures: {}, broken: ["lost a"] }));
    const line = await carryOutFor(broken, 1, { seed: 1, cycles: 2 }, clock(0));
    expect(line.broken).toHaveLength(10);
    expect(line.broken[3]).toBe("part with seed 4: lost a");
    expect(line.cycles).toBe(20);
  });
});

describe("[faults.seed] a seed", () => {
  const draw = (seed: number): number[] => {
    const random = seeded(seed);
    return Array.from({ length: 50 }, () => random.between(0, 1_000_000));
  };

  test("repeats its choices, and another makes others", () => {
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
  });

  test("gives its parts orders of their own", () => {
    const parts = [0, 1, 2].map((part) => seeded(1).fork(part).next());
    expect(new Set(parts).size).toBe(3);
    expect(seeded(1).fork(2).next()).toBe(parts[2]);
  });

  test("stays within the bounds, ends included", () => {
    const random = seeded(3);
    const seen = new Set(Array.from({ length: 200 }, () => random.between(4, 6)));
    expect([...seen].sort()).toEqual([4, 5, 6]);
  });
});
