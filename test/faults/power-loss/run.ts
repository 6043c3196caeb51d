import { join } from "node:path";
import type { Blow } from "../kill/blow.js";
import { killOneStore } from "../kill/store-life.js";
import type { FaultOptions, FaultResult, FaultRun } from "../kit/fault-run.js";
import type { Mutation } from "../kit/mutated-bundle.js";
import { type Seeded, seeded } from "../kit/seeded.js";
import { buildStoreLoad } from "../store-load/build.js";
import { type LossyDisk, mountLossyDisk } from "./lossy-disk.js";
import { type CutFigures, cutOneStore, someCut } from "./store-cycles.js";
import { countSyncs } from "./sync-count.js";

/** Cuts until a store is given up for a fresh one: a start reads everything that is there. */
const cyclesPerStore = 25;
/** Of five stores one is a whole daemon's, checked as after a kill. */
const daemonEvery = 5;

export const faultRun: FaultRun = {
  id: "r2",
  promise: "power loss at any write or sync loses nothing acknowledged and the store opens again",
  long: 1_000,
  short: 50,
  run: (options) => runPowerLoss(options),
};

export interface PowerLossOptions extends FaultOptions {
  /** Changes of the store's source, to see that the run is red then. */
  mutations?: readonly Mutation[];
  /** The disk answers syncs and does not do them. */
  lyingDisk?: boolean;
  /** Ends with the first broken promise, which is expected. */
  untilBroken?: boolean;
}

export async function runPowerLoss(options: PowerLossOptions): Promise<FaultResult> {
  const mounted = await mountLossyDisk();
  if ("missing" in mounted) return countSyncs(options, mounted.missing);
  await using disk = mounted;
  using load = await buildStoreLoad(options.mutations);
  const { cycles, seed, progress } = options;
  if (options.lyingDisk) disk.lie();
  const started = performance.now();
  const stores: CutFigures[] = [];
  let done = 0;
  let daemons = 0;
  for (let first = 0, store = 0; first < cycles; first += cyclesPerStore, store++) {
    const random = seeded(seed).fork(store);
    const one = {
      disk,
      cycles: Math.min(cyclesPerStore, cycles - first),
      random,
      where: (cycle: number) => `seed ${seed} cycle ${first + cycle}`,
      cycleDone: () => progress?.(++done),
      untilBroken: options.untilBroken ?? false,
    };
    // A sync takes as long as on a fast drive, so that commits queue while one is under way.
    disk.delay(random.pick([0, 100, 500]));
    if (store % daemonEvery < daemonEvery - 1) {
      stores.push(await cutOneStore({ ...one, program: load.program }));
      continue;
    }
    daemons += one.cycles;
    disk.reset();
    const { acknowledged, killedStarting, broken } = await killOneStore({ ...one, blow: powerCut(disk) });
    stores.push({ acknowledged, cutStarting: killedStarting, broken });
  }
  const sum = (figure: (store: CutFigures) => number): number =>
    stores.reduce((total, store) => total + figure(store), 0);
  const { ops, syncs, kept, dropped } = disk.figures();
  return {
    figures: {
      stores: stores.length,
      cycles_of_whole_daemons: daemons,
      cut_while_starting: sum(({ cutStarting }) => cutStarting),
      acknowledged: sum(({ acknowledged }) => acknowledged),
      writes_and_syncs: ops,
      syncs,
      unsynced_sectors_dropped: dropped,
      unsynced_sectors_kept: kept,
      ms_per_cycle: Math.round((performance.now() - started) / cycles),
    },
    broken: stores.flatMap(({ broken }) => broken),
  };
}

/** The cut as what ends a daemon's lives. Before the process is killed its storage fails, which it says. */
export function powerCut(disk: LossyDisk): Blow {
  return {
    storePath: join(disk.folder, "parley.db"),
    expected: ["storage_unavailable", "shutting_down"],
    arm: (random: Seeded, when) => {
      const cut = disk.nextCut();
      const few = { afterChanges: random.between(1, 40) };
      disk.arm({ ...someCut(random), ...(when === "starting" ? few : {}) });
      return cut;
    },
    over: () => disk.restore(),
  };
}
