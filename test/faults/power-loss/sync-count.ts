import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { FaultResult } from "../kit/fault-run.js";
import type { PowerLossOptions } from "./run.js";

const program = fileURLToPath(new URL("../../../src/storage/sqlite/_append-load.ts", import.meta.url));
const loader = new URL("../../../scripts/ts.mjs", import.meta.url).href;
const appendsPerCycle = 20;

/**
 * What is left where no power can be cut: that each commit is followed by a sync before its answer, counted from outside.
 * With one append in flight each is a commit of its own.
 */
export function countSyncs({ cycles }: PowerLossOptions, missing: string): FaultResult {
  const skipped = [`no power was cut, syncs were counted instead: ${missing}`];
  if (spawnSync("strace", ["-V"]).status !== 0)
    return {
      figures: {},
      broken: [],
      skipped: [`nothing was tested: ${missing}, and no strace to count syncs`],
    };
  const folder = mkdtempSync(join(tmpdir(), "parley-syncs-"));
  try {
    const appends = cycles * appendsPerCycle;
    const trace = join(folder, "trace");
    const run = [process.execPath, "--import", loader, program, join(folder, "store.db"), "1", `${appends}`];
    execFileSync("strace", ["-f", "-qq", "-e", "trace=fsync,fdatasync", "-o", trace, ...run], {
      stdio: "ignore",
    });
    const syncs = readFileSync(trace, "utf8").match(/\b(fsync|fdatasync)\(/g)?.length ?? 0;
    const broken = syncs < appends ? [`${syncs} syncs for ${appends} commits`] : [];
    return { figures: { commits: appends, syncs }, broken, skipped };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
