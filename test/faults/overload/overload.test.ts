import { test } from "vitest";
import { expectHeld } from "../kit/short-form.js";
import { faultRun } from "./run.js";

test("[overload.typed] ten times the capacity is refused typed, nothing is lost or silent, memory is bounded", async () => {
  await expectHeld(faultRun);
});
