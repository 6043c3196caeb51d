import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { keepEvidence } from "../kit/evidence.js";
import type { Seeded } from "../kit/seeded.js";
import { checkStoreFile } from "../kit/store-file.js";
import { StoreLedger } from "../store-load/store-ledger.js";
import { storeLife } from "../store-load/store-life.js";

export interface StoreKillOptions {
  program: string;
  cycles: number;
  random: Seeded;
  where(cycle: number): string;
  cycleDone(): void;
}

/** Kills a process that has only the store, under load or while it opens: a third of what a whole daemon's cycle costs. */
export async function killStoreProcess(
  options: StoreKillOptions,
): Promise<{ acknowledged: number; broken: string[] }> {
  const { program, cycles, random, where, cycleDone } = options;
  const ledger = new StoreLedger();
  const folder = mkdtempSync(join(tmpdir(), "parley-kill-"));
  const path = join(folder, "store.db");
  try {
    // The last life reads what the last kill left, and ends with its first acknowledgement.
    for (let cycle = 0; cycle <= cycles; cycle++) {
      ledger.where = where(Math.min(cycle, cycles - 1));
      const seed = random.between(0, 2 ** 31);
      const last = cycle === cycles;
      const opening = !last && random.chance(0.2);
      let left = last ? 1 : random.between(1, 300);
      const printed = await storeLife(
        { program, path, inFlight: random.pick([1, 8, 64]), seed },
        (child, acknowledged) => {
          const kill = (): void => void child.kill("SIGKILL");
          if (opening) setTimeout(kill, random.next() * 120);
          else
            acknowledged((count) => {
              const before = left;
              left -= count;
              if (before > 0 && left <= 0) setTimeout(kill, last ? 0 : random.next() * 3);
            });
        },
      );
      const { opened } = ledger.life(printed);
      if (!opened && !opening) ledger.fail("the store did not open again");
      if (last) break;
      cycleDone();
    }
    for (const what of checkStoreFile(path)) ledger.fail(what);
    if (ledger.broken.length > 0) keepEvidence(path, ledger.where);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const { acknowledged, broken } = ledger;
  return { acknowledged, broken };
}
