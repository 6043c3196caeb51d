import { rmSync } from "node:fs";
import { expect, test } from "vitest";
import { seeded } from "../kit/seeded.js";
import { expectHeld } from "../kit/short-form.js";
import { corruptPart } from "./corrupt.js";
import type { Seen } from "./part.js";
import { faultRun } from "./run.js";

test("[daemon.recovery] restart, full, read-only, failing and damaged disk", { timeout: 300_000 }, () =>
  expectHeld(faultRun),
);

test("[faults.recovery-sees] the recovery run is red after a store was replaced by an empty one", async () => {
  const seen: Seen = { figures: {}, broken: [], skipped: [] };
  const emptied = {
    name: "replaced by an empty one",
    refused: true,
    apply: (path: string) => {
      for (const end of ["", "-wal"]) rmSync(path + end, { force: true });
    },
  };
  await corruptPart({ random: seeded(1), messages: 0, seen }, [emptied]);
  expect(seen.broken).toContain("replaced by an empty one: the daemon started");
  expect(seen.broken.join("\n")).toMatch(/key 0 was answered (200|404)/);
});
