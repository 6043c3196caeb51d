import { describe, expect, test } from "vitest";
import type { Mutation } from "../kit/mutated-bundle.js";
import { expectHeld } from "../kit/short-form.js";
import { mountLossyDisk } from "./lossy-disk.js";
import { faultRun, type PowerLossOptions, runPowerLoss } from "./run.js";

const disk = await mountLossyDisk();
const missing = "missing" in disk ? ` (SKIPPED: ${disk.missing})` : "";
if (!("missing" in disk)) await disk[Symbol.asyncDispose]();

test("[storage.power-loss] power loss at any write or sync", { timeout: 300_000 }, () =>
  expectHeld(faultRun),
);

const synchronous = (level: string): Mutation => ({
  file: "database-file.ts",
  from: "PRAGMA synchronous = FULL",
  to: `PRAGMA synchronous = ${level}`,
});

const faults: ({ fault: string } & Partial<PowerLossOptions>)[] = [
  { fault: "synchronous is NORMAL", mutations: [synchronous("NORMAL")] },
  { fault: "synchronous is OFF", mutations: [synchronous("OFF")] },
  { fault: "the disk lies about its syncs", lyingDisk: true },
  {
    fault: "a receipt goes out before the sync",
    mutations: [
      {
        file: "writer-worker.ts",
        from: "results = writer.stage(batch);",
        to: 'results = writer.stage(batch); send({ type: "done", results });',
      },
      { file: "writer-worker.ts", from: '  send({ type: "done", results });\n}', to: "}" },
    ],
  },
  {
    fault: "an append is lost",
    mutations: [
      {
        file: "writer-worker.ts",
        from: "let stopped = false;",
        to: "let stopped = false; let commits = 0;",
      },
      {
        file: "writer-worker.ts",
        from: "writer.commit();",
        to: "commits++; if (commits % 5 === 0) writer.rollback(); else writer.commit();",
      },
    ],
  },
];

describe(`[faults.power-loss-sees] the power-loss run is red when${missing}`, () => {
  test.skipIf(missing !== "").each(faults)(
    "$fault",
    { timeout: 120_000 },
    async ({ fault: _, ...injected }) => {
      const { broken } = await runPowerLoss({ cycles: 25, seed: 1, untilBroken: true, ...injected });
      expect(broken).not.toEqual([]);
    },
  );
});
