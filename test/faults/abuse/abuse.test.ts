import { expect, test } from "vitest";
import { chosenSeed } from "../kit/seeded.js";
import { faultRun } from "./run.js";

test("[abuse.refused] whatever is sent is refused typed or cut, and nothing of it stays", async () => {
  const { figures, broken } = await faultRun.run({ cycles: faultRun.short, seed: chosenSeed() });
  console.log("abuse:", figures);
  expect(broken).toEqual([]);
  expect(figures.requests_refused).toBeGreaterThan(5_000);
});
