import { expect, test } from "vitest";
import { SimulatedMachine } from "../../test/faults/clock/machine.js";
import { createClock } from "./clock.js";

const hour = 3_600_000;

test("[kernel.lived-time] a stopped process loses no time: neither on the clock nor on a timer", () => {
  const machine = new SimulatedMachine();
  const { clock } = machine;
  let fired = 0;
  clock.monotonic();
  clock.after(10_000, () => (fired = clock.monotonic()));
  machine.advance(4_000);
  machine.stop(hour);
  expect(fired).toBe(0);
  expect(clock.monotonic()).toBeLessThanOrEqual(6_000);
  machine.advance(3_000);
  expect(fired).toBe(0);
  machine.advance(3_000);
  expect(fired).toBeGreaterThanOrEqual(10_000);
  expect(clock.elapsed()).toBe(hour + 10_000);
});

test("[kernel.lived-time] a long timer that the system fires a little early wakes the process once", () => {
  let now = 0;
  const armed: { at: number; callback: () => void }[] = [];
  const clock = createClock({
    wall: () => now,
    monotonic: () => now,
    uptime: () => now,
    timer(delayMs, callback) {
      // 3 ms of the loop's turn have passed already.
      armed.push({ at: now + delayMs - 3, callback });
      return () => {};
    },
  });
  clock.monotonic();
  armed.length = 0;
  let fired = 0;
  clock.after(5_000, () => {
    fired = now;
  });
  // In steps, because a longer time between two looks is taken for a stop.
  for (const until of [1_500, 3_000, 4_500, armed[0]!.at]) {
    now = until;
    clock.monotonic();
  }
  armed[0]!.callback();
  expect(fired).toBeGreaterThanOrEqual(5_000);
  expect(armed).toHaveLength(1);
});

test("[kernel.lived-time] short silences count in full, and setting the wall clock counts nothing", () => {
  const machine = new SimulatedMachine();
  const { clock } = machine;
  const start = clock.monotonic();
  for (let at = 0; at < 100; at += 1) machine.stop(1_900);
  machine.step(-hour);
  machine.sleep(hour);
  expect(clock.monotonic() - start).toBe(190_000);
  expect(clock.now()).toBe(Date.UTC(2026, 0, 1) + 190_000);
});
