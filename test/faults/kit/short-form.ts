import { expect } from "vitest";
import type { FaultRun } from "./fault-run.js";
import { carryOut, figures, remarks } from "./report.js";
import { chosenSeed } from "./seeded.js";

/** What CI does of a run: its short number of cycles, a fresh printed seed, and nothing broken. */
export async function expectHeld(run: FaultRun): Promise<void> {
  const line = await carryOut(run, { cycles: run.short, seed: chosenSeed(), lanes: 2, brief: true });
  console.log(
    [
      `${run.id}: ${line.cycles} cycles, seed ${line.seed}, ${line.seconds} s, ${figures(line)}`,
      ...remarks(line),
    ].join("\n"),
  );
  expect(line.broken).toEqual([]);
}
