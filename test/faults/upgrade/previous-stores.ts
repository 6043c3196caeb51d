import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { migrations } from "../../../src/storage/sqlite/schema.js";
import { type Mutation, mutatedBundle } from "../kit/mutated-bundle.js";
import { copyFixture, storedVersions } from "./fixtures.js";
import { checkStore } from "./known-store.js";
import { migrate } from "./migrate.js";

export interface PreviousStores {
  opened: number;
  /** Kills, one before each statement of each migration. */
  killed: number;
  broken: string[];
}

/**
 * Opens the kept store of every earlier schema version and works on with it: as it is, and after a kill -9 before each
 * statement of its migration.
 */
export async function previousStores(mutations: readonly Mutation[] = []): Promise<PreviousStores> {
  using bundle = await mutatedBundle({ migrating: "test/faults/upgrade/migrating-process.ts" }, mutations);
  const folder = mkdtempSync(join(tmpdir(), "parley-previous-"));
  const result: PreviousStores = { opened: 0, killed: 0, broken: [] };
  const stored = storedVersions();
  for (let version = 1; version < migrations.length; version += 1)
    if (!stored.includes(version)) result.broken.push(`no store of schema ${version} is kept`);
  try {
    for (const version of stored) {
      const path = join(folder, `${version}.db`);
      copyFixture(version, path);
      result.broken.push(...(await checkStore(path)).map((what) => `schema ${version}: ${what}`));
      result.opened += 1;
      for (let statement = 0, killed = true; killed; statement += 1) {
        const cut = join(folder, `${version}-${statement}.db`);
        copyFixture(version, cut);
        killed = (await migrate(bundle.path("migrating"), cut, { statement })) === "killed";
        if (killed) result.killed += 1;
        const wrong = await checkStore(cut);
        result.broken.push(...wrong.map((what) => `schema ${version}, killed at ${statement}: ${what}`));
      }
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  return result;
}
