import fc from "fast-check";
import { expect, test } from "vitest";
import { SimulatedClock } from "../../test/support/simulated-clock.js";
import { type Deadline, Deadlines } from "./deadlines.js";

test("[kernel.deadline] whatever is added, removed and waited for: each expires once, in time, unless removed", () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant("add" as const) }),
    fc.record({ kind: fc.constant("remove" as const), which: fc.nat(30) }),
    fc.record({ kind: fc.constant("wait" as const), ms: fc.nat(60) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const clock = new SimulatedClock();
      const deadlines = new Deadlines(clock, 100);
      const all: { deadline: Deadline; due: number; removed: boolean; expiredAt: number[] }[] = [];
      for (const each of steps) {
        if (each.kind === "add") {
          const expiredAt: number[] = [];
          const deadline = deadlines.add(clock.monotonic(), () => expiredAt.push(clock.monotonic()));
          all.push({ deadline, due: clock.monotonic() + 100, removed: false, expiredAt });
        } else if (each.kind === "remove") {
          const entry = all[each.which];
          if (entry !== undefined) {
            deadlines.remove(entry.deadline);
            entry.removed ||= entry.expiredAt.length === 0;
          }
        } else {
          // One millisecond at a time, as the simulated clock calls each timer once per step.
          for (let ms = 0; ms < each.ms; ms += 1) {
            clock.advance(1);
          }
        }
        for (const { due, removed, expiredAt } of all) {
          expect(expiredAt).toEqual(!removed && due <= clock.monotonic() ? [due] : []);
        }
      }
    }),
    { numRuns: 300 },
  );
});
