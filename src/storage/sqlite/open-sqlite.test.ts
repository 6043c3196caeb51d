import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import type { Backend } from "../../kernel/backend.js";
import type { Clock } from "../../kernel/clock.js";
import { backendConformance } from "../_conformance.js";
import { openSqlite, type SqliteOptions } from "./open-sqlite.js";

const folder = mkdtempSync(join(tmpdir(), "parley-sqlite-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** More by command: MODEL_RUNS=500 npx vitest run src/storage/sqlite/open-sqlite.test.ts */
const modelRuns = Number(process.env.MODEL_RUNS ?? 25);

let files = 0;
const paths = new WeakMap<Backend, string>();

async function openAt(path: string, options: Omit<SqliteOptions, "path"> = {}): Promise<Backend> {
  const backend = await openSqlite({ ...options, path });
  paths.set(backend, path);
  return backend;
}

// [storage.fold] With few rows to a fold, folds come between all that the suite does.
for (const options of [{}, { foldRows: 1 }, { foldRows: 5 }]) {
  const withClock = (clock?: Clock): Omit<SqliteOptions, "path"> => (clock ? { ...options, clock } : options);
  backendConformance(options.foldRows ? `sqlite, folding every ${options.foldRows},` : "sqlite", {
    open: (clock) => openAt(join(folder, `${files++}.db`), withClock(clock)),
    async reopen(backend, clock) {
      await backend.close();
      return openAt(paths.get(backend)!, withClock(clock));
    },
    runs: modelRuns,
  });
}

test("[storage.read-yields] lets the event loop turn between the steps of a long read", async () => {
  const backend = await openAt(join(folder, `${files++}.db`), { foldRows: 1 });
  const body = "x".repeat(100_000);
  const ids = Array.from({ length: 40 }, (_, n) => `0190a000-0000-7000-8000-0000000000${n + 10}`);
  await Promise.all(ids.map((id) => backend.append("a", { id, subject: "", body })));
  await Promise.all(ids.map((id) => backend.cas("b", id, { expectRev: 0, value: body })));
  const turnsDuring = async (work: () => Promise<unknown>): Promise<number> => {
    let turns = 0;
    let timer = setImmediate(function turn() {
      turns++;
      timer = setImmediate(turn);
    });
    await work();
    clearImmediate(timer);
    return turns;
  };
  // 4 MB in steps of about 1 MiB.
  expect(await turnsDuring(() => backend.read("a", { fromSeq: 1, limit: 40 }))).toBeGreaterThanOrEqual(3);
  expect(await turnsDuring(() => backend.list("b"))).toBeGreaterThanOrEqual(3);
  await backend.close();
});
