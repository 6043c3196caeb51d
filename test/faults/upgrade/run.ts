import type { FaultRun } from "../kit/fault-run.js";
import { seeded } from "../kit/seeded.js";
import { contractTree } from "./contract-tree.js";
import { killedMigrations } from "./killed-migrations.js";
import { previousStores } from "./previous-stores.js";
import { upgradedDaemon } from "./upgraded-daemon.js";
import { versions } from "./versions.js";

export const faultRun: FaultRun = {
  id: "r12",
  promise:
    "Earlier stores open whole, killed migrations go on, newer stores and other contracts are refused by name.",
  long: 300,
  short: 8,
  /** A cycle is one migration killed at a random moment; everything else is done once beside them. */
  async run({ cycles, seed, brief, progress }) {
    const stores = await previousStores();
    const kills = await killedMigrations({
      cycles,
      random: seeded(seed),
      ...(progress === undefined ? {} : { progress }),
    });
    using next = await contractTree("0.4.0");
    const daemons = await upgradedDaemon(next);
    const clients = await versions(next, brief);
    const found = Object.entries(kills.found).map(([version, times]) => `${version}: ${times}`);
    return {
      figures: {
        stores: stores.opened,
        kills_by_statement: stores.killed,
        killed_migrations: kills.killed,
        found_at_version: found.join(", "),
        downgrades_refused: kills.refused + 1,
        calls_refused: clients.refused,
        calls_that_worked: clients.worked,
      },
      broken: [
        ...stores.broken,
        ...kills.broken.map((what) => `seed ${seed}, ${what}`),
        ...daemons.map((what) => `upgraded daemon: ${what}`),
        ...clients.broken,
      ],
      skipped: clients.skipped,
    };
  },
};
