import { join } from "node:path";
import { keepEvidence } from "../kit/evidence.js";
import type { Seeded } from "../kit/seeded.js";
import { checkStoreFile } from "../kit/store-file.js";
import { StoreLedger } from "../store-load/store-ledger.js";
import { storeLife } from "../store-load/store-life.js";
import type { Cut, LossyDisk } from "./lossy-disk.js";

/** The file is looked at after every so many cuts; each start of the load reads everything anyway. */
const fileCheckEvery = 5;

export interface CutOptions {
  disk: LossyDisk;
  cycles: number;
  random: Seeded;
  where(cycle: number): string;
  cycleDone(): void;
  /** Ends with the first broken promise, which is expected. */
  untilBroken: boolean;
}

export interface CutFigures {
  acknowledged: number;
  /** Cuts that came before the load was ready, or the daemon. */
  cutStarting: number;
  broken: string[];
}

/** Cuts the power under one store again and again, each time at another of its writes and syncs. */
export async function cutOneStore(options: CutOptions & { program: string }): Promise<CutFigures> {
  const { disk, cycles, random, where, cycleDone, program, untilBroken } = options;
  const ledger = new StoreLedger();
  const path = join(disk.folder, "store.db");
  let cutStarting = 0;
  disk.reset();
  // The last life is not cut: it reads what the last cut left.
  for (let cycle = 0; cycle <= cycles; cycle++) {
    if (untilBroken && ledger.broken.length > 0) break;
    ledger.where = where(Math.min(cycle, cycles - 1));
    const life = { program, path, inFlight: random.pick([1, 8, 64]), seed: random.between(0, 2 ** 31) };
    const last = cycle === cycles;
    if (!last) disk.arm(someCut(random));
    const cut = disk.nextCut();
    const printed = await storeLife(life, (child, acknowledged) => {
      const kill = (): void => void child.kill("SIGKILL");
      if (last) acknowledged(kill);
      else void cut.then(kill);
    });
    const { opened } = ledger.life(printed);
    if (last) {
      if (!opened) ledger.fail("the store did not open again");
      continue;
    }
    if (!opened) cutStarting += 1;
    disk.restore();
    if (cycle % fileCheckEvery === fileCheckEvery - 1)
      for (const what of checkStoreFile(path)) ledger.fail(what);
    cycleDone();
  }
  const { acknowledged, broken } = ledger;
  if (broken.length > 0 && !untilBroken) keepEvidence(path, where(cycles - 1));
  return { acknowledged, cutStarting, broken };
}

/** Anything from the first write of a start to well after a checkpoint, with everything, something or nothing arriving. */
export function someCut(random: Seeded): Cut {
  return {
    afterChanges: random.between(1, random.pick([10, 60, 400, 2_000])),
    keep: random.pick([0, 0, 100, 500, 900]),
    unit: random.pick([512, 4096]),
    seed: random.between(0, 2 ** 31),
  };
}
