import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, expect, onTestFinished, test } from "vitest";
import type { Backend, BackendError, LogEntry } from "../../kernel/backend.js";
import { idOf } from "../_model.js";
import { openSqlite, type SqliteOptions } from "./open-sqlite.js";
import { resultCode } from "./sqlite-error.js";

const folder = mkdtempSync(join(tmpdir(), "parley-fold-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;
const newPath = (): string => join(folder, `${files++}.db`);

async function openAt(options: SqliteOptions): Promise<{ backend: Backend; fatal: BackendError[] }> {
  const fatal: BackendError[] = [];
  const backend = await openSqlite({ ...options, onFatal: (error) => void fatal.push(error) });
  onTestFinished(() => backend.close());
  return { backend, fatal };
}

const entry = (seq: number): LogEntry => ({ seq, id: idOf(seq), subject: `s${seq % 2}`, body: `${seq}` });
const entries = (from: number, to: number): LogEntry[] =>
  Array.from({ length: to - from + 1 }, (_, n) => entry(from + n));

/** Appends one after the other, each expecting its position. */
async function append(backend: Backend, from: number, to: number): Promise<void> {
  for (const { seq, ...one } of entries(from, to))
    expect(await backend.append("a", { ...one, expectSeq: seq - 1 })).toMatchObject({
      seq,
      duplicate: false,
    });
}

/** Entries in their logs' places, and those that are not folded yet. */
function counts(path: string): { entry: number; recent: number } {
  const database = new DatabaseSync(path, { readOnly: true });
  const sql = "SELECT (SELECT count(*) FROM entry) AS entry, (SELECT count(*) FROM recent) AS recent";
  const { entry, recent } = database.prepare(sql).get() as { entry: number; recent: number };
  database.close();
  return { entry, recent };
}

async function expectHolds(backend: Backend, first: number, last: number): Promise<void> {
  expect(await backend.read("a", { fromSeq: 0, limit: 100 })).toEqual(entries(first, last));
  const even = entries(first, last).filter(({ seq }) => seq % 2 === 0);
  expect(await backend.read("a", { fromSeq: 0, subject: "s0", limit: 100 })).toEqual(even);
  expect(await backend.lastSeq("a")).toBe(last);
  for (const { seq, ...one } of entries(first, last)) {
    expect(await backend.append("a", one)).toEqual({ outcome: "committed", seq, duplicate: true });
    expect(await backend.read("a", { fromSeq: 0, id: one.id, limit: 1 })).toEqual([entry(seq)]);
  }
}

test("[storage.fold] comes after a number of appends, and what is left unfolded is there after opening again", async () => {
  const path = newPath();
  const { backend } = await openAt({ path, foldRows: 10 });
  await append(backend, 1, 25);
  expect(counts(path)).toEqual({ entry: 20, recent: 5 });
  await expectHolds(backend, 1, 25);
  await backend.close();
  const again = await openAt({ path, foldRows: 10 });
  expect(counts(path)).toEqual({ entry: 20, recent: 5 });
  await expectHolds(again.backend, 1, 25);
  await append(again.backend, 26, 31);
  expect(counts(path)).toEqual({ entry: 30, recent: 1 });
  await expectHolds(again.backend, 1, 31);
});

test("[storage.fold] comes early when the bodies are large", async () => {
  const path = newPath();
  const { backend } = await openAt({ path });
  for (let n = 1; n <= 11; n++)
    await backend.append("a", { id: idOf(n), subject: "", body: "x".repeat(500_000) });
  // 4 MiB are reached by the ninth.
  expect(counts(path)).toEqual({ entry: 9, recent: 2 });
});

test.each([3, 12, 17, 30])(
  "[storage.fold] a trim before %d takes folded and unfolded entries, and no position is used again",
  async (beforeSeq) => {
    const path = newPath();
    const { backend } = await openAt({ path, foldRows: 10 });
    await append(backend, 1, 19);
    await backend.trim("a", { beforeSeq });
    const [first, last] = [Math.min(beforeSeq, 20), 19];
    await expectHolds(backend, first, last);
    for (const { seq, id } of entries(1, first - 1)) {
      expect(await backend.read("a", { fromSeq: 0, id, limit: 1 })).toEqual([]);
      expect(await backend.read("a", { fromSeq: seq, limit: 100 })).toEqual(entries(first, last));
    }
    await backend.close();
    const again = await openAt({ path, foldRows: 10 });
    await expectHolds(again.backend, first, last);
    await append(again.backend, 20, 35);
    await expectHolds(again.backend, first, 35);
    const forgotten = { ...entry(first - 1), subject: "again" };
    expect(await again.backend.append("a", forgotten)).toMatchObject({ seq: 36, duplicate: false });
  },
);

test.each([resultCode.full, resultCode.readonly, resultCode.busy])(
  "[storage.fold] one that fails with result %d is undone and done later, and nobody notices",
  async (errcode) => {
    const path = newPath();
    const { backend, fatal } = await openAt({
      path,
      foldRows: 5,
      faults: [{ step: "fold", errcode, after: 1, times: 2 }],
    });
    await append(backend, 1, 16);
    expect(counts(path)).toEqual({ entry: 5, recent: 11 });
    await expectHolds(backend, 1, 16);
    await append(backend, 17, 21);
    expect(counts(path)).toEqual({ entry: 20, recent: 1 });
    await expectHolds(backend, 1, 21);
    expect(fatal).toEqual([]);
  },
);

test.each([
  { step: "fold" as const, recent: 5 },
  { step: "folded" as const, recent: 0 },
])(
  "[storage.fold] a failed sync at $step ends all acknowledging, and opening again has everything once",
  async ({ step, recent }) => {
    const path = newPath();
    const faults = [{ step, errcode: resultCode.ioerrFsync, after: 0 }];
    const { backend, fatal } = await openAt({ path, foldRows: 5, faults });
    await append(backend, 1, 5);
    await expect(backend.append("a", entry(6))).rejects.toMatchObject({ code: "io" });
    expect(fatal.map(({ code }) => code)).toEqual(["io"]);
    await backend.close();
    const again = await openAt({ path, foldRows: 100 });
    expect(counts(path).recent).toBe(recent);
    await expectHolds(again.backend, 1, 5);
    await append(again.backend, 6, 8);
    await expectHolds(again.backend, 1, 8);
  },
);

test("[storage.fold] an id that was trimmed before its fold is new again", async () => {
  const { backend } = await openAt({ path: newPath(), foldRows: 10 });
  await append(backend, 1, 5);
  await backend.trim("a", { beforeSeq: 4 });
  const { seq: _, ...again } = entry(2);
  expect(await backend.append("a", again)).toEqual({ outcome: "committed", seq: 6, duplicate: false });
  await append(backend, 7, 12);
  expect(await backend.append("a", again)).toEqual({ outcome: "committed", seq: 6, duplicate: true });
});
