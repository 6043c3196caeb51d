import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, expect, test } from "vitest";
import { checkSqliteVersion } from "./database-file.js";
import { openSqlite } from "./open-sqlite.js";
import { applicationId, migrations } from "./schema.js";

const folder = mkdtempSync(join(tmpdir(), "parley-file-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const id = "0190a000-0000-7000-8000-000000000001";

async function makeDatabase(name: string): Promise<string> {
  const path = join(folder, name);
  const backend = await openSqlite({ path });
  await backend.append("a", { id, subject: "", body: "kept" });
  await backend.close();
  return path;
}

test("[storage.modes] keeps the file to its user, and its folder too", async () => {
  const path = join(folder, "new", "deep", "data.db");
  const backend = await openSqlite({ path });
  await backend.append("a", { id, subject: "", body: "x" });
  for (const file of [path, `${path}-wal`, `${path}-shm`, `${path}.lock`])
    expect([file, statSync(file).mode & 0o777]).toEqual([file, 0o600]);
  expect(statSync(join(folder, "new", "deep")).mode & 0o777).toBe(0o700);
  await backend.close();
  expect(existsSync(`${path}-wal`)).toBe(false);
});

test("[storage.sqlite-version] refuses an SQLite older than 3.51.3", () => {
  for (const version of ["3.51.2", "3.50.9", "3.7.0", "2.99.99"])
    expect(() => checkSqliteVersion(version)).toThrow(/3\.51\.3 or newer/);
  for (const version of ["3.51.3", "3.51.10", "3.53.4", "4.0.0"]) checkSqliteVersion(version);
});

test("[storage.schema-version] refuses a file of a newer schema, naming both versions, and leaves it alone", async () => {
  const path = await makeDatabase("newer.db");
  const database = new DatabaseSync(path);
  database.exec(`PRAGMA user_version = ${migrations.length + 6}`);
  database.close();
  const before = readFileSync(path);
  const refusal = await openSqlite({ path }).catch((error: unknown) => error);
  expect(refusal).toMatchObject({ name: "BackendError", code: "version" });
  expect((refusal as Error).message).toContain(`schema version ${migrations.length + 6}`);
  expect((refusal as Error).message).toContain(`up to ${migrations.length}`);
  expect(readFileSync(path).equals(before)).toBe(true);
});

test("[storage.migration] opens a database of the first schema with everything in it, and goes on in it", async () => {
  const path = join(folder, "first.db");
  const database = new DatabaseSync(path);
  database.exec(`PRAGMA application_id = ${applicationId}; PRAGMA journal_mode = WAL; ${migrations[0]};
    PRAGMA user_version = 1; INSERT INTO log VALUES (1, 'a', 3), (2, 'empty', 0);
    INSERT INTO bucket VALUES (1, 'b', 0); INSERT INTO slot VALUES (1, 1, 'k', 7, 'v', NULL, 0); UPDATE counter SET rev = 7`);
  const insert = database.prepare(
    "INSERT INTO entry VALUES ((1 << 36) | ?1, 1, unhex(?2, '-'), 's', ?1 || '')",
  );
  for (const seq of [2, 3]) insert.run(seq, id.replace(/.$/, `${seq}`));
  database.close();
  for (let opening = 0; opening < 2; opening++) {
    const backend = await openSqlite({ path, foldRows: 1 });
    const last = { id, subject: "s", body: "new" };
    expect(await backend.append("a", last)).toMatchObject({ seq: 4, duplicate: opening > 0 });
    expect(await backend.append("a", { ...last, id: id.replace(/.$/, "2") })).toMatchObject({ seq: 2 });
    expect((await backend.read("a", { fromSeq: 0, subject: "s", limit: 9 })).map(({ seq }) => seq)).toEqual([
      2, 3, 4,
    ]);
    expect(await backend.lastSeq("empty")).toBe(0);
    expect(await backend.get("b", "k")).toEqual({ value: "v", rev: 7 });
    await backend.close();
  }
});

test.each([
  [
    "a file that is no database",
    (path: string) => writeFileSync(path, "not a database, but somebody's text ".repeat(200)),
  ],
  ["an empty file", (path: string) => truncateSync(path, 0)],
  [
    "a damaged header",
    (path: string) =>
      writeFileSync(path, Buffer.concat([Buffer.alloc(100), readFileSync(path).subarray(100)])),
  ],
  [
    "a database of another program",
    (path: string) => {
      rmSync(path);
      const database = new DatabaseSync(path);
      database.exec("CREATE TABLE other (a)");
      database.close();
    },
  ],
])("[storage.corrupt] refuses %s and never replaces it", async (_what, damage) => {
  const path = await makeDatabase(`corrupt-${Math.random()}.db`);
  damage(path);
  const before = readFileSync(path);
  for (let attempt = 0; attempt < 2; attempt++) {
    const refusal = await openSqlite({ path }).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ name: "BackendError", code: "corrupt" });
    expect((refusal as Error).message).toContain("restore it from a backup");
  }
  expect(readFileSync(path).equals(before)).toBe(true);
});

test("[storage.corrupt] refuses to start empty beside a left write-ahead log", async () => {
  const path = await makeDatabase("orphan.db");
  const backend = await openSqlite({ path });
  await backend.append("b", { id, subject: "", body: "x" });
  copyFileSync(`${path}-wal`, join(folder, "orphaned.db-wal"));
  await backend.close();
  await expect(openSqlite({ path: join(folder, "orphaned.db") })).rejects.toMatchObject({ code: "corrupt" });
  expect(existsSync(join(folder, "orphaned.db"))).toBe(false);
});

test.each([
  [
    "another program's file",
    (path: string) => writeFileSync(path, "somebody's text ".repeat(2_000)),
    "corrupt",
  ],
  [
    "a database of a newer schema",
    (path: string) => {
      const bytes = readFileSync(`${path}-wal`);
      const database = new DatabaseSync(path);
      database.exec(`PRAGMA user_version = ${migrations.length + 1}`);
      // A reader holds on to the log, so that closing leaves the change there.
      const reader = new DatabaseSync(path, { readOnly: true });
      reader.exec("BEGIN; SELECT count(*) FROM log");
      database.close();
      expect(readFileSync(`${path}-wal`).length).toBeGreaterThan(bytes.length);
      copyFileSync(`${path}-wal`, `${path}.kept`);
      reader.close();
      copyFileSync(`${path}.kept`, `${path}-wal`);
    },
    "version",
  ],
])("[storage.corrupt] refusing %s leaves the log beside it alone, too", async (_what, change, code) => {
  const live = await makeDatabase(`live-${code}.db`);
  const path = join(folder, `left-${code}.db`);
  const backend = await openSqlite({ path: live });
  await backend.append("b", { id, subject: "", body: "in the log" });
  for (const end of ["", "-wal"]) copyFileSync(live + end, path + end);
  await backend.close();
  change(path);
  const before = ["", "-wal"].map((end) => readFileSync(path + end));
  await expect(openSqlite({ path })).rejects.toMatchObject({ code });
  expect(["", "-wal"].map((end) => readFileSync(path + end))).toEqual(before);
});

test("[storage.corrupt] reports pages damaged later as corrupt instead of answering from them", async () => {
  const path = join(folder, "pages.db");
  const first = await openSqlite({ path });
  const appends = Array.from({ length: 200 }, (_, n) =>
    first.append("a", {
      id: id.slice(0, -3) + n.toString(16).padStart(3, "0"),
      subject: "",
      body: "x".repeat(1000),
    }),
  );
  await Promise.all(appends);
  await first.close();
  const bytes = readFileSync(path);
  // The first page holds the schema and stays; everything after it becomes rubbish.
  writeFileSync(path, Buffer.concat([bytes.subarray(0, 4096), Buffer.alloc(bytes.length - 4096, 0xa5)]));
  const attempt = openSqlite({ path }).then(async (backend) => {
    try {
      return await backend.read("a", { fromSeq: 0, limit: 1000 });
    } finally {
      await backend.close();
    }
  });
  await expect(attempt).rejects.toMatchObject({ name: "BackendError", code: "corrupt" });
});

test("[storage.lock] refuses a second open in the same process, and opens again after close", async () => {
  const path = await makeDatabase("twice.db");
  const backend = await openSqlite({ path });
  await expect(openSqlite({ path })).rejects.toMatchObject({ code: "locked" });
  expect(await backend.append("a", { id, subject: "", body: "x" })).toMatchObject({ duplicate: true });
  await backend.close();
  await (await openSqlite({ path })).close();
});
