import { copyFileSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openSqlite } from "../open-sqlite.js";
import { migrations } from "../schema.js";
import { entry, makeStore, readAll, temporaryFolder } from "./_store.js";
import { backupDatabase } from "./backup-database.js";

test("[storage.backup] a backup under load is one moment: all that was acknowledged before, no gap, and the store serves on", async () => {
  const folder = temporaryFolder();
  const [from, to] = [join(folder, "store.db"), join(folder, "backup.db")];
  await makeStore(from, 5_000, "y".repeat(2_000));
  const store = await openSqlite({ path: from });
  let acknowledged = 5_000;
  let running = true;
  const load = Array.from({ length: 8 }, async (_, lane) => {
    for (let n = 0; running; n++) {
      await store.append("a", entry(1_000_000 * (lane + 1) + n));
      acknowledged++;
    }
  });
  await store.append("a", entry(900_000, "the last before"));
  acknowledged++;
  const before = acknowledged;
  const steps: number[] = [];
  const result = await backupDatabase({ from, to, replace: false, progress: (at) => steps.push(at) });
  const after = acknowledged;
  running = false;
  await Promise.all(load);
  await store.close();
  expect(after).toBeGreaterThan(before);
  expect(steps.length).toBeGreaterThan(1);
  expect(result).toMatchObject({ path: to, bytes: statSync(to).size, schemaVersion: migrations.length });
  expect(statSync(to).mode & 0o777).toBe(0o600);
  // Nothing but the file itself.
  expect(readdirSync(folder).filter((name) => name.startsWith("backup"))).toEqual(["backup.db"]);
  const kept = await readAll(to);
  expect(kept.length).toBeGreaterThanOrEqual(before);
  expect(kept.map(([seq]) => seq)).toEqual(kept.map((_, at) => at + 1));
  expect(kept.some(([, body]) => body === "the last before")).toBe(true);
});

test("[storage.backup] what has the name stays unless it may be replaced; the store never is", async () => {
  const folder = temporaryFolder();
  const [from, to] = [join(folder, "store.db"), join(folder, "backup.db")];
  await makeStore(from, 3);
  writeFileSync(to, "mine");
  await expect(backupDatabase({ from, to, replace: false })).rejects.toMatchObject({ code: "EEXIST" });
  expect(readFileSync(to, "utf8")).toBe("mine");
  await backupDatabase({ from, to, replace: true });
  expect(await readAll(to)).toHaveLength(3);
  const bytes = readFileSync(from);
  await expect(backupDatabase({ from, to: from, replace: true })).rejects.toThrow(/the store itself/);
  expect(readFileSync(from).equals(bytes)).toBe(true);
});

test("[storage.backup] a store whose log was not copied back yet is in it whole, without a daemon", async () => {
  const folder = temporaryFolder();
  const [live, from] = [join(folder, "live.db"), join(folder, "crashed.db")];
  const store = await openSqlite({ path: live });
  for (let n = 0; n < 5; n++) await store.append("a", entry(n));
  for (const end of ["", "-wal"]) copyFileSync(live + end, from + end);
  await store.close();
  const to = join(folder, "backup.db");
  await backupDatabase({ from, to, replace: false });
  expect(await readAll(to)).toHaveLength(5);
});

test.each([
  ["no store", (path: string) => `${path}.none`, "io"],
  [
    "another's file",
    (path: string) => {
      writeFileSync(path, "no database ".repeat(500));
      return path;
    },
    "corrupt",
  ],
  [
    "damaged pages",
    (path: string) => {
      const bytes = readFileSync(path);
      bytes.fill(0xa5, 8_192, 12_288);
      writeFileSync(path, bytes);
      return path;
    },
    "corrupt",
  ],
])("[storage.backup] of %s fails typed and writes nothing", async (_what, damage, code) => {
  const folder = temporaryFolder();
  const path = join(folder, "store.db");
  await makeStore(path, 200, "z".repeat(500));
  const to = join(folder, "backup.db");
  const from = damage(path);
  await expect(backupDatabase({ from, to, replace: false })).rejects.toMatchObject({
    name: "BackendError",
    code,
  });
  expect(existsSync(to)).toBe(false);
  expect(readdirSync(folder).filter((name) => name.startsWith("backup"))).toEqual([]);
});

test("[storage.backup] the draft of a process that was killed is cleared away, a living one's stays", async () => {
  const folder = temporaryFolder();
  const [from, to] = [join(folder, "store.db"), join(folder, "backup.db")];
  await makeStore(from, 3);
  // Beyond the largest process id of any system.
  const [dead, living] = [`${to}.99999999.partial`, `${to}.${process.ppid}.partial`];
  for (const path of [dead, `${dead}-journal`, living]) writeFileSync(path, "half");
  await backupDatabase({ from, to, replace: false });
  expect([dead, `${dead}-journal`, living].map(existsSync)).toEqual([false, false, true]);
});
