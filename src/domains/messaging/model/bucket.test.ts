import * as fc from "fast-check";
import { expect, test } from "vitest";
import { Bucket } from "./bucket.js";

test("[comms.sender-rate] a bucket gives its burst at once, then one in its time, and fills up again", () => {
  const bucket = new Bucket({ burst: 3, perSecond: 2 }, 0);
  const takeAt = (now: number): number => {
    const wait = bucket.waitMs(now);
    if (wait === 0) bucket.take(now);
    return wait;
  };
  expect([0, 0, 0, 0].map((now) => takeAt(now))).toEqual([0, 0, 0, 500]);
  expect(takeAt(499)).toBe(1);
  expect(takeAt(500)).toBe(0);
  expect(bucket.isFull(1_999)).toBe(false);
  expect(bucket.isFull(2_000)).toBe(true);
  expect([2_000, 2_000, 2_000, 2_000].map((now) => takeAt(now))).toEqual([0, 0, 0, 500]);
});

test("[comms.sender-rate] over any time no more goes out than the burst and what came in, and the wait is true", () => {
  const allowance = fc.record({
    burst: fc.integer({ min: 1, max: 20 }),
    perSecond: fc.integer({ min: 1, max: 50 }),
  });
  void fc.assert(
    fc.property(allowance, fc.array(fc.nat(300), { maxLength: 60 }), (limit, steps) => {
      const bucket = new Bucket(limit, 0);
      const taken: number[] = [];
      let now = 0;
      for (const step of steps) {
        now += step;
        const wait = bucket.waitMs(now);
        // Whoever waits as long as it was told gets one.
        now += wait;
        expect(bucket.waitMs(now)).toBe(0);
        bucket.take(now);
        taken.push(now);
      }
      for (const [first, from] of taken.entries())
        for (const [more, to] of taken.slice(first).entries())
          expect(more + 1).toBeLessThanOrEqual(limit.burst + ((to - from) * limit.perSecond) / 1_000 + 1e-6);
    }),
  );
});
