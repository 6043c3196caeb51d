import { expect, test } from "vitest";
import { expectHeld } from "../kit/short-form.js";
import { lifeCycles } from "./loop.js";
import { faultRun } from "./run.js";

test("[faults.life-cycle] stop and what follows it succeed in a loop with a host attached", () =>
  expectHeld(faultRun));

test("[faults.life-cycle-sees] a stop that returns too early is found out", async () => {
  const { broken } = await lifeCycles({ cycles: 1, seed: 1 }, "parley stop --no-wait");
  expect(broken).toContainEqual(expect.stringMatching(/exit code 9: .*still runs after the stop/s));
});
