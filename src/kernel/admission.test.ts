import { describe, expect, test } from "vitest";
import { Admission } from "./admission.js";

/** How many of so many calls are let in at one moment. */
const admitted = (admission: Admission, calls: number, now: number): number =>
  Array.from({ length: calls }, () => admission.enter(now)).filter(Boolean).length;

const leave = (admission: Admission, calls: number): void => {
  for (let n = 0; n < calls; n += 1) admission.leave();
};

describe("[kernel.admission] how many calls are let in", () => {
  test("as many as the limit, for as long as it takes", () => {
    const admission = new Admission({ calls: 4, burstMs: 100 });
    for (let now = 0; now < 10_000; now += 10) {
      expect(admitted(admission, 4, now)).toBe(4);
      leave(admission, 4);
    }
  });

  test("a burst whole, up to eight times the limit", () => {
    const admission = new Admission({ calls: 4, burstMs: 100 });
    expect(admitted(admission, 100, 0)).toBe(32);
  });

  test("under lasting pressure no more than the limit", () => {
    const admission = new Admission({ calls: 4, burstMs: 100 });
    expect(admitted(admission, 20, 0)).toBe(20);
    leave(admission, 20);
    expect(admitted(admission, 20, 99)).toBe(20);
    leave(admission, 20);
    for (let now = 100; now < 1_000; now += 50) {
      expect(admitted(admission, 20, now)).toBe(4);
      leave(admission, 4);
    }
  });

  test("once pressure was gone for the time of a burst, bursts are let in again", () => {
    const admission = new Admission({ calls: 4, burstMs: 100 });
    for (let now = 0; now <= 200; now += 50) leave(admission, admitted(admission, 20, now));
    expect(admitted(admission, 20, 300)).toBe(4);
    leave(admission, 4);
    expect(admitted(admission, 20, 401)).toBe(20);
  });
});
