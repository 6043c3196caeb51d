import { copyFileSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type * as DatabaseFile from "../../../src/storage/sqlite/database-file.js";
import { type Mutation, mutatedBundle } from "../kit/mutated-bundle.js";
import type { Seeded } from "../kit/seeded.js";
import { bigStore, judgeMigrated, judgeRefusal, judgeStep, versionOf } from "./judge-migration.js";
import { laterSteps } from "./later-steps.js";
import { type Kill, migrate } from "./migrate.js";

export interface KilledMigrations {
  /** Kills that found the migration at work. */
  killed: number;
  /** How often a file was found at each version. */
  found: Record<number, number>;
  /** Files of a later version that today's program refused. */
  refused: number;
  broken: string[];
}

export interface KillOptions {
  /** Kills at random moments, after one before each statement. */
  cycles: number;
  random: Seeded;
  progress?(done: number): void;
  mutations?: readonly Mutation[];
}

const databaseFile = "src/storage/sqlite/database-file.ts";

/** Kills processes of a later version that migrate today's store: nothing half-done, nothing lost, no way back. */
export async function killedMigrations(options: KillOptions): Promise<KilledMigrations> {
  const mutations = options.mutations ?? [];
  const ofProgram = mutations.filter(({ file }) => file !== laterSteps.file);
  using today = await mutatedBundle({ store: databaseFile }, ofProgram);
  using later = await mutatedBundle(
    { store: databaseFile, migrating: "test/faults/upgrade/migrating-process.ts" },
    [laterSteps, ...mutations],
  );
  const present = (await import(today.path("store"))) as typeof DatabaseFile;
  const next = (await import(later.path("store"))) as typeof DatabaseFile;
  const folder = mkdtempSync(join(tmpdir(), "parley-migrate-"));
  const result: KilledMigrations = { killed: 0, found: {}, refused: 0, broken: [] };
  const before = join(folder, "before.db");
  const path = join(folder, "parley.db");
  const store = bigStore(present, before);

  const cut = async (name: string, kill?: Kill): Promise<number | "killed"> => {
    for (const end of ["", "-wal", "-shm"]) {
      rmSync(path + end, { force: true });
      if (existsSync(before + end)) copyFileSync(before + end, path + end);
    }
    const ended = await migrate(later.path("migrating"), path, kill);
    if (ended === "killed") result.killed += 1;
    const version = versionOf(path);
    result.found[version] = (result.found[version] ?? 0) + 1;
    const broken: string[] = [];
    if (version > store.version) {
      result.refused += 1;
      broken.push(...judgeRefusal(present, path));
    }
    broken.push(...judgeStep(path, store.version), ...judgeMigrated(next, path, store));
    result.broken.push(...broken.map((what) => `${name}: ${what}`));
    return ended;
  };

  try {
    const wholeMs = (await cut("not killed")) as number;
    for (let statement = 0; (await cut(`statement ${statement}`, { statement })) === "killed"; )
      statement += 1;
    for (let cycle = 0; cycle < options.cycles && result.broken.length < 10; cycle += 1) {
      await cut(`cycle ${cycle}`, { afterMs: options.random.next() * wholeMs * 1.1 });
      options.progress?.(cycle + 1);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  return result;
}
