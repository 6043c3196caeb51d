import { copyFileSync, existsSync, readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { restoringPath } from "../database-file.js";
import { openSqlite } from "../open-sqlite.js";
import { entry, makeStore, readAll, temporaryFolder, usingStore } from "./_store.js";
import { backupDatabase } from "./backup-database.js";
import { restoreDatabase } from "./restore-database.js";

const now = new Date("2026-11-21T12:00:00Z");

/** A store of seven entries, and a backup of it when it had three. */
async function storeAndBackup(): Promise<{ folder: string; from: string; to: string }> {
  const folder = temporaryFolder();
  const [from, to] = [join(folder, "backup.db"), join(folder, "store.db")];
  await makeStore(to, 3, "old");
  await backupDatabase({ from: to, to: from, replace: false });
  await makeStore(to, 7, "new");
  return { folder, from, to };
}

test("[storage.restore] the store is what it was, positions go on, and the replaced one is kept whole", async () => {
  const { from, to } = await storeAndBackup();
  const { kept } = await restoreDatabase({ from, to, now });
  expect(kept).toBe(`${to}.replaced-20261121T120000.000Z`);
  expect((await readAll(to)).map(([, body]) => body)).toEqual(["old", "old", "old"]);
  expect(await usingStore(to, (store) => store.append("a", entry(100)))).toMatchObject({ seq: 4 });
  expect(await readAll(kept!)).toHaveLength(7);
  expect(await readAll(from)).toHaveLength(3);
});

test("[storage.restore] where no store was it makes one, and keeps nothing", async () => {
  const { folder, from } = await storeAndBackup();
  const to = join(folder, "elsewhere", "store.db");
  expect(await restoreDatabase({ from, to, now })).not.toHaveProperty("kept");
  expect(await readAll(to)).toHaveLength(3);
});

test("[storage.restore] a log that was not copied back yet goes with the replaced store, not into the new one", async () => {
  const { folder, from } = await storeAndBackup();
  const [live, to] = [join(folder, "live.db"), join(folder, "crashed.db")];
  const store = await openSqlite({ path: live });
  for (let n = 0; n < 20; n++) await store.append("a", entry(n, "in the log"));
  for (const end of ["", "-wal"]) copyFileSync(live + end, to + end);
  await store.close();
  const { kept } = await restoreDatabase({ from, to, now });
  expect((await readAll(to)).map(([, body]) => body)).toEqual(["old", "old", "old"]);
  expect(await readAll(kept!)).toHaveLength(20);
});

test("[storage.restore] while a daemon has the store it is refused", async () => {
  const { from, to } = await storeAndBackup();
  await usingStore(to, async () => {
    await expect(restoreDatabase({ from, to, now })).rejects.toMatchObject({ code: "locked" });
  });
  expect(await readAll(to)).toHaveLength(7);
});

test.each([
  ["cut off", "corrupt", (path: string) => truncateSync(path, 9_000)],
  ["empty", "corrupt", (path: string) => truncateSync(path, 0)],
  ["no database", "corrupt", (path: string) => writeFileSync(path, "no database ".repeat(500))],
  [
    "with a changed page",
    "corrupt",
    (path: string) => {
      const bytes = readFileSync(path);
      bytes.fill(0xa5, 4_096 * 2, 4_096 * 3);
      writeFileSync(path, bytes);
    },
  ],
  [
    "of a newer schema",
    "version",
    (path: string) => {
      const database = new DatabaseSync(path);
      database.exec("PRAGMA user_version = 99");
      database.close();
    },
  ],
])(
  "[storage.restore] a backup that is %s is refused as %s and the store stays",
  async (_what, code, damage) => {
    const { folder, from, to } = await storeAndBackup();
    damage(from);
    const before = readFileSync(to);
    await expect(restoreDatabase({ from, to, now })).rejects.toMatchObject({ name: "BackendError", code });
    expect(readFileSync(to).equals(before)).toBe(true);
    expect(readdirSync(folder).filter((name) => /partial|replaced|restoring/.test(name))).toEqual([]);
  },
);

test("[storage.restore-crash] a restore cut off before its point of no return leaves the old store", async () => {
  const { from, to } = await storeAndBackup();
  copyFileSync(from, `${to}.99999999.partial`);
  copyFileSync(to, `${to}.replaced-earlier`);
  expect(await readAll(to)).toHaveLength(7);
});

test.each([
  ["before the old log went", true],
  ["after the old log went", false],
])("[storage.restore-crash] a restore cut off %s is finished by the next start", async (_when, withLog) => {
  const { folder, from } = await storeAndBackup();
  const [live, to] = [join(folder, "live.db"), join(folder, "crashed.db")];
  const store = await openSqlite({ path: live });
  for (let n = 0; n < 20; n++) await store.append("a", entry(n, "in the log"));
  for (const end of withLog ? ["", "-wal"] : [""]) copyFileSync(live + end, to + end);
  await store.close();
  copyFileSync(from, restoringPath(to));
  expect((await readAll(to)).map(([, body]) => body)).toEqual(["old", "old", "old"]);
  expect(existsSync(restoringPath(to))).toBe(false);
});
