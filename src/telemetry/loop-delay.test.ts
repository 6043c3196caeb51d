import { expect, test } from "vitest";
import { SimulatedClock } from "../../test/support/simulated-clock.js";
import { LoopDelay } from "./loop-delay.js";

function start(): { clock: SimulatedClock; delay: LoopDelay } {
  const clock = new SimulatedClock();
  return { clock, delay: new LoopDelay(clock, () => clock.monotonic()) };
}

test("[telemetry.loop-delay] the longest block is reported once", () => {
  const { clock, delay } = start();
  for (const blockedMs of [3, 40, 5]) {
    delay.bytesArrive();
    clock.advance(15);
    // The timer was due after 5 ms of the block and fires at its end.
    clock.jump(5 + blockedMs);
  }
  expect(delay.takeLongest()).toBe(40);
  expect(delay.takeLongest()).toBe(0);
});

test("[telemetry.loop-delay] a body is sampled until it has arrived, so that its parsing is measured", () => {
  const { clock, delay } = start();
  const request = { complete: false, destroyed: false };
  delay.requestArrives(request);
  clock.advance(1_010);
  request.complete = true;
  clock.jump(310);
  expect(delay.takeLongest()).toBe(300);
  expect(clock.pending).toBe(0);
});

test("[telemetry.loop-delay] no timer is armed while nothing arrives", () => {
  const { clock, delay } = start();
  expect(clock.pending).toBe(0);
  const cut = { complete: false, destroyed: false };
  delay.requestArrives(cut);
  for (let frame = 0; frame < 10; frame += 1) {
    delay.bytesArrive();
    expect(clock.pending).toBe(1);
    clock.advance(7);
  }
  cut.destroyed = true;
  clock.advance(20);
  expect(clock.pending).toBe(0);
  delay.bytesArrive();
  delay.close();
  delay.bytesArrive();
  expect(clock.pending).toBe(0);
});
