import type { FaultRun } from "../kit/fault-run.js";
import { seeded } from "../kit/seeded.js";
import { killedMigrations } from "./killed-migrations.js";
import { previousStores } from "./previous-stores.js";

export const faultRun: FaultRun = {
  id: "r12",
  promise: "Earlier stores open whole, killed migrations go on, and what is too new is refused by name.",
  long: 300,
  short: 8,
  /** A cycle is one migration killed at a random moment; everything else is done once beside them. */
  async run({ cycles, seed, progress }) {
    const stores = await previousStores();
    const kills = await killedMigrations({
      cycles,
      random: seeded(seed),
      ...(progress === undefined ? {} : { progress }),
    });
    const found = Object.entries(kills.found).map(([version, times]) => `${version}: ${times}`);
    return {
      figures: {
        stores: stores.opened,
        kills_by_statement: stores.killed,
        killed_migrations: kills.killed,
        found_at_version: found.join(", "),
        downgrades_refused: kills.refused,
      },
      broken: [...stores.broken, ...kills.broken.map((what) => `seed ${seed}, ${what}`)],
    };
  },
};
