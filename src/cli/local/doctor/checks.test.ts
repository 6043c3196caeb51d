import {
  chmodSync,
  copyFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, onTestFinished, test } from "vitest";
import { loadConfig } from "../../../config/load-config.js";
import { backupDatabase } from "../../../storage/sqlite/offline/backup-database.js";
import { restoreDatabase } from "../../../storage/sqlite/offline/restore-database.js";
import { openSqlite } from "../../../storage/sqlite/open-sqlite.js";
import { migrations } from "../../../storage/sqlite/schema.js";
import { checkClock } from "./check-clock.js";
import { checkSpace, checkSync, stampSkewMs } from "./check-disk.js";
import { checkNames } from "./check-names.js";
import { checkFiles, checkFolder, checkLog } from "./check-permissions.js";
import { checkPort } from "./check-port.js";
import { checkLimits, checkNode, checkSqlite } from "./check-runtime.js";
import { checkStore } from "./check-store.js";
import type { Result } from "./finding.js";
import type { Surroundings } from "./surroundings.js";

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "parley-doctor-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Ids of what is wrong; empty when nothing is. */
const ids = (found: Result | Result[]): (string | undefined)[] =>
  [found].flat().flatMap(({ state, id }) => (state === "ok" ? [] : [id]));

async function makeStore(): Promise<string> {
  const path = join(temporaryFolder(), "parley.db");
  const store = await openSqlite({ path });
  const id = "0190a000-0000-7000-8000-000000000001";
  await store.append("a", { id, subject: "", body: "x".repeat(50_000) });
  await store.close();
  return path;
}

describe("[doctor.store] the store", () => {
  test("is whole, with its sizes, also while a daemon works on it", async () => {
    const path = await makeStore();
    expect(checkStore(path)).toMatchObject([
      { state: "ok", says: expect.stringContaining(`schema ${migrations.length}`) },
    ]);
    const store = await openSqlite({ path });
    expect(ids(checkStore(path))).toEqual([]);
    await store.close();
    expect(ids(checkStore(join(path, "..", "none.db")))).toEqual([]);
  });

  test.each<[string, (path: string) => void]>([
    ["store-damaged", (path) => truncateSync(path, 0)],
    ["store-damaged", (path) => truncateSync(path, 20_000)],
    ["store-damaged", (path) => writeFileSync(path, "not a database ".repeat(999))],
    [
      "store-newer",
      (path) => {
        const database = new DatabaseSync(path);
        database.exec("PRAGMA user_version = 99");
        database.close();
      },
    ],
    [
      "store-missing",
      (path) => {
        rmSync(path);
        writeFileSync(`${path}-wal`, "something");
      },
    ],
    ["store-restoring", (path) => writeFileSync(`${path}.restoring`, "")],
    ["store-log-large", (path) => truncateSync(makeFile(`${path}-wal`), 300 * 2 ** 20)],
  ])("%s", async (id, damage) => {
    const path = await makeStore();
    damage(path);
    const found = checkStore(path);
    expect(ids(found)).toEqual([id]);
    expect(found[0]?.fix).not.toContain("<path>");
  });

  test("store-log-damaged, and what lies before the damage can be kept", async () => {
    const live = await makeStore();
    const store = await openSqlite({ path: live });
    for (let n = 2; n < 9; n++)
      await store.append("a", { id: `0190a000-0000-7000-8000-00000000000${n}`, subject: "", body: "y" });
    const path = join(temporaryFolder(), "crashed.db");
    for (const end of ["", "-wal"]) copyFileSync(live + end, path + end);
    await store.close();
    expect(ids(checkStore(path))).toEqual([]);
    const log = readFileSync(`${path}-wal`);
    log[log.length >> 1]! ^= 1;
    writeFileSync(`${path}-wal`, log);
    expect(ids(checkStore(path))).toEqual(["store-log-damaged"]);
    const saved = `${path}.saved`;
    await backupDatabase({ from: path, to: saved, replace: false });
    await restoreDatabase({ from: saved, to: path, now: new Date() });
    const again = await openSqlite({ path });
    const kept = await again.lastSeq("a");
    await again.close();
    expect(kept).toBeGreaterThan(1);
    expect(kept).toBeLessThan(8);
  });

  test("in memory is told", () => expect(ids(checkStore(undefined))).toEqual(["store-memory"]));
});

function makeFile(path: string): string {
  writeFileSync(path, "");
  return path;
}

describe("[doctor.disk] disk and sync", () => {
  const facts = { freeBytes: 2 ** 40, freeFiles: 10 ** 6, type: 0xef53 };
  test.each([
    [{}, []],
    [{ freeBytes: 2 ** 29 }, ["disk-low"]],
    [{ freeBytes: 2 ** 27 }, ["disk-full"]],
    [{ freeFiles: 10 }, ["inodes-low"]],
    [{ freeFiles: undefined }, []],
    [{ type: 0x01021994 }, ["store-volatile"]],
    [{ type: 0x6969, freeBytes: 0 }, ["disk-full", "store-network"]],
  ])("%j gives %j", (changed, expected) => {
    expect(ids(checkSpace("/data", { ...facts, ...changed }))).toEqual(expected);
  });

  test("a sync is tried on the folder itself, and leaves nothing", () => {
    const folder = temporaryFolder();
    expect(["ok", "warning"]).toContain(checkSync(folder).state);
    expect(Math.abs(stampSkewMs(folder)!)).toBeLessThan(60_000);
    rmSync(folder, { recursive: true });
    expect(ids(checkSync(folder))).toEqual(["sync-fails"]);
    expect(stampSkewMs(folder)).toBeUndefined();
    expect(ids(checkSync(folder, () => 80))).toEqual(["sync-slow"]);
  });
});

describe("[doctor.permissions] folders, files and the log", () => {
  test("a folder is the user's alone, or can be made", () => {
    const folder = temporaryFolder();
    expect(ids(checkFolder(folder))).toEqual([]);
    expect(ids(checkFolder(join(folder, "not", "there")))).toEqual([]);
    chmodSync(folder, 0o755);
    expect(ids(checkFolder(folder))).toEqual(["folder-open"]);
    chmodSync(folder, 0o700);
    expect(ids(checkFolder(folder, 54_321))).toEqual(["owner-wrong"]);
    // Root may write everywhere, but nobody makes a folder below a file.
    expect(ids(checkFolder(join(makeFile(join(folder, "file")), "below")))).toEqual(["folder-unwritable"]);
  });

  test("files are 0600 and the user's; missing ones are no matter", () => {
    const path = join(temporaryFolder(), "parley.db");
    writeFileSync(path, "", { mode: 0o600 });
    expect(ids(checkFiles([path, `${path}-wal`]))).toEqual([]);
    chmodSync(path, 0o640);
    const found = checkFiles([path]);
    expect(ids(found)).toEqual(["file-open"]);
    expect(found[0]?.fix).toBe(`\`chmod 600 ${path}\``);
    chmodSync(path, 0o600);
    expect(ids(checkFiles([path], 54_321))).toEqual(["owner-wrong"]);
  });

  test("a log that nothing rotates is told", () => {
    const path = join(temporaryFolder(), "daemon.log");
    expect(ids(checkLog(path, 1))).toEqual([]);
    truncateSync(makeFile(path), 101 * 2 ** 20);
    expect(checkLog(path, 4242)).toMatchObject({ id: "log-large", fix: expect.stringContaining("4242") });
  });
});

describe("[doctor.clock] the clock", () => {
  const now = Date.UTC(2026, 10, 21);
  const well = { now, daemon: { startedAt: now - 60_000, uptime: 60_000 }, newestFile: now, diskSkew: 0 };
  test.each([
    ["nothing wrong", {}, []],
    ["no daemon, no files", { daemon: undefined, newestFile: undefined, diskSkew: undefined }, []],
    ["before this program was made", { now: 0 }, ["clock-implausible"]],
    ["set back", { daemon: { startedAt: now - 60_000, uptime: 3_660_000 } }, ["clock-stepped"]],
    ["slept", { daemon: { startedAt: now - 3_660_000, uptime: 60_000 } }, []],
    ["files from the future", { newestFile: now + 3_600_000 }, ["clock-behind"]],
    ["a disk with another time", { diskSkew: -10_000 }, ["clock-disk"]],
  ])("%s", (_what, changed, expected) => {
    expect(ids(checkClock({ ...well, ...changed }))).toEqual(expected);
  });
});

describe("[doctor.names] name resolution", () => {
  const names: Record<string, string[]> = {
    localhost: ["127.0.0.1", "::1"],
    "parley.localhost": ["127.0.0.1"],
    box: ["10.0.0.2"],
  };
  test.each<[string, Record<string, string[] | undefined>, string[]]>([
    ["all there", {}, []],
    ["localhost elsewhere", { localhost: ["192.0.2.1"] }, ["localhost-wrong"]],
    ["no localhost", { localhost: undefined }, ["localhost-wrong"]],
    ["IPv6 alone", { localhost: ["::1"] }, ["localhost-no-v4"]],
    ["no names below localhost", { "parley.localhost": undefined }, ["localhost-names"]],
    ["an unknown machine", { box: undefined }, ["hostname-unknown"]],
  ])("%s", async (_what, changed, expected) => {
    const table = { ...names, ...changed };
    const resolve = (name: string): Promise<string[]> =>
      table[name] === undefined ? Promise.reject(new Error("ENOTFOUND")) : Promise.resolve(table[name]);
    expect(ids(await checkNames(resolve, "box"))).toEqual(expected);
  });

  test("[doctor.notes] names below localhost that do not resolve are a note", async () => {
    const resolve = async (name: string): Promise<string[]> => {
      const addresses = names[name];
      if (addresses === undefined || name === "parley.localhost") throw new Error("ENOTFOUND");
      return addresses;
    };
    expect(await checkNames(resolve, "box")).toMatchObject([{ id: "localhost-names", state: "note" }]);
  });
});

describe("[doctor.runtime] versions, limits and the port", () => {
  const config = loadConfig({ cwd: "/nonexistent", env: { HOME: "/nonexistent" } });
  const around = { config, daemon: new Error("none") } as Surroundings;

  test("versions that are too old are told", () => {
    expect([checkNode(), checkSqlite()].flatMap(ids)).toEqual([]);
    expect(ids(checkNode("24.14.9"))).toEqual(["node-old"]);
    expect(ids(checkNode("25.0.0"))).toEqual([]);
    expect(ids(checkSqlite("3.51.2"))).toEqual(["sqlite-old"]);
  });

  test("descriptors must do for the connections that the config allows", () => {
    expect(ids(checkLimits(around, 1_024))).toEqual(["files-few"]);
    expect(ids(checkLimits(around, 65_536))).toEqual([]);
  });

  test("[trust.foreign-port] who has the port is named", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const { port } = server.address() as AddressInfo;
    const taken = { ...around, config: { ...config, server: { ...config.server, port } } };
    const found = await checkPort(taken, () => undefined);
    expect(ids(found)).toEqual(["port-taken"]);
    if (process.platform === "linux")
      expect(found.says).toMatch(new RegExp(` by node\\b.* \\(pid ${process.pid}\\)$`));
    const foreign = await checkPort(taken, () => 65_534);
    expect(ids(foreign)).toEqual(["port-foreign"]);
    expect(foreign).toMatchObject({
      says: `127.0.0.1:${port} belongs to user 65534`,
      fix: "`parley up --detach`",
    });
    const daemon = { address: "http://127.0.0.1:1" } as Exclude<Surroundings["daemon"], Error>;
    expect(await checkPort({ ...taken, daemon }, () => 65_534)).toMatchObject({
      state: "ok",
      says: `127.0.0.1:${port} belongs to user 65534; your daemon has http://127.0.0.1:1`,
    });
    await new Promise((resolve) => server.close(resolve));
    expect(ids(await checkPort(taken, () => undefined))).toEqual([]);
  });
});
