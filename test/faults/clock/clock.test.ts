import { expect, test } from "vitest";
import type { Clock } from "../../../src/kernel/clock.js";
import { expectHeld } from "../kit/short-form.js";
import { jumps } from "./jumps.js";
import { SimulatedMachine } from "./machine.js";
import { faultRun } from "./run.js";

test("[faults.clock] clock jumps, sleep and a stopped process let nothing expire wrongly", () =>
  expectHeld(faultRun));

test("[faults.clock-self-test] a clock without protection is found out", async () => {
  for (const spoil of [
    // Deadlines by the wall clock.
    (clock: Clock): Clock => ({ ...clock, monotonic: () => clock.now() }),
    // Credentials by the wall clock.
    (clock: Clock): Clock => ({ ...clock, elapsed: () => clock.now() }),
    // Time that goes on while nobody can be heard.
    (clock: Clock): Clock => ({ ...clock, monotonic: () => clock.elapsed() }),
  ]) {
    const found: string[] = [];
    for (let seed = 1; seed <= 10; seed += 1) {
      const machine = new SimulatedMachine();
      Object.assign(machine, { clock: spoil(machine.clock) });
      found.push(...(await jumps(seed, machine)));
    }
    expect(found).not.toEqual([]);
  }
});
