import { expect, test } from "vitest";
import { SimulatedMachine } from "../../test/faults/clock/machine.js";

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
