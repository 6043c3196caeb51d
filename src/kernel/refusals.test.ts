import { describe, expect, test } from "vitest";
import { Refusals } from "./refusals.js";

describe("[kernel.refusals] how long a refusal is held back", () => {
  test("not at all while there are few, and again when the flood is over", () => {
    const refusals = new Refusals({ free: 3, holdMs: 100 });
    const waits = (now: number): number[] => [1, 2, 3, 4].map(() => refusals.waitOf(now));
    expect(waits(0)).toEqual([0, 0, 0, 100]);
    expect(refusals.waitOf(100)).toBe(100);
    expect(waits(101)).toEqual([0, 0, 0, 100]);
  });

  test("longer the more are held, so that one a millisecond is told", () => {
    const refusals = new Refusals({ free: 0, holdMs: 100 });
    for (let n = 0; n < 400; n += 1) refusals.hold();
    expect(refusals.waitOf(0)).toBe(400);
    for (let n = 0; n < 350; n += 1) refusals.tell();
    expect(refusals.waitOf(0)).toBe(100);
  });
});
