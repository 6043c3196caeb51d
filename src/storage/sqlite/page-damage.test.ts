import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { BackendError } from "../../kernel/backend.js";
import { openSqlite } from "./open-sqlite.js";

const folder = mkdtempSync(join(tmpdir(), "parley-pages-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const pageBytes = 4_096;
const buckets = ["sessions", "tokens"];
const logs = ["inbox/a", "events/a"];
const idOf = (n: number): string => `0190a000-0000-7000-8000-${n.toString(16).padStart(12, "0")}`;

/** A store with pages of each table and index, whose newest commits are in the write-ahead log only. */
async function crashedStore(): Promise<string> {
  const path = join(folder, "open.db");
  const first = await openSqlite({ path, foldRows: 40 });
  for (let n = 0; n < 90; n++) {
    await first.append(logs[n % 2]!, { id: idOf(n), subject: n % 3 ? "s" : "", body: "x".repeat(700) });
    await first.cas(buckets[n % 2]!, `key-${n}`, { expectRev: 0, value: "v".repeat(300) });
  }
  await first.close();
  const second = await openSqlite({ path });
  for (let n = 90; n < 110; n++)
    await second.append(logs[0]!, { id: idOf(n), subject: "", body: "x".repeat(700) });
  const copy = join(folder, "crashed.db");
  for (const end of ["", "-wal"]) copyFileSync(path + end, copy + end);
  await second.close();
  return copy;
}

/** What the daemon's start reads of buckets, then what it reads of logs when they are touched. */
async function readAll(path: string): Promise<{ buckets: string; logs: string }> {
  const backend = await openSqlite({ path });
  const outcome = async (read: () => Promise<unknown>): Promise<string> => {
    try {
      await read();
      return "whole";
    } catch (error) {
      return error instanceof BackendError ? error.code : `${error}`;
    }
  };
  const ofBuckets = await outcome(async () => {
    for (const bucket of buckets) await backend.list(bucket);
  });
  const ofLogs = await outcome(async () => {
    for (const log of logs) await backend.read(log, { fromSeq: 1, limit: 1_000 });
  });
  await backend.close();
  return { buckets: ofBuckets, logs: ofLogs };
}

test("[storage.page-damage] a store with any one page of rubbish is refused, or its buckets are whole, and reading it leaves both files as they were", async () => {
  const good = await crashedStore();
  const pages = readFileSync(good).length / pageBytes;
  const seen = { refused: 0, metLater: 0, whole: 0 };
  const path = join(folder, "damaged.db");
  const contents = (): (Buffer | undefined)[] =>
    ["", "-wal"].map((end) => (existsSync(path + end) ? readFileSync(path + end) : undefined));
  for (let page = 1; page < pages; page++) {
    for (const end of ["", "-wal", "-shm"]) rmSync(path + end, { force: true });
    for (const end of ["", "-wal"]) copyFileSync(good + end, path + end);
    const bytes = readFileSync(path);
    for (let at = 0; at < pageBytes; at++) bytes[page * pageBytes + at] = (at * 31 + page * 7 + 1) & 0xff;
    writeFileSync(path, bytes);
    const before = contents();
    const read = await readAll(path).catch((error: BackendError) => error);
    if (read instanceof Error) {
      expect([page, read.code]).toEqual([page, "corrupt"]);
      seen.refused++;
    } else {
      expect([page, read.buckets]).toEqual([page, "whole"]);
      if (read.logs === "whole") seen.whole++;
      else seen.metLater++;
    }
    if (read instanceof Error || read.logs !== "whole")
      expect(contents().map((file, at) => file?.equals(before[at] ?? Buffer.of()))).toEqual([true, true]);
  }
  expect(seen.refused).toBeGreaterThan(5);
  expect(seen.metLater).toBeGreaterThan(5);
  expect(seen.whole).toBeGreaterThan(0);
});
