import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, onTestFinished, test } from "vitest";
import type { Backend, BackendError, NewEntry } from "../../kernel/backend.js";
import type { IoFault } from "./io-fault.js";
import { openSqlite } from "./open-sqlite.js";
import { resultCode } from "./sqlite-error.js";

const folder = mkdtempSync(join(tmpdir(), "parley-faults-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;

interface Opened {
  backend: Backend;
  path: string;
  fatal: BackendError[];
}

async function openWith(
  faults: IoFault[],
  options: { maxPages?: number; path?: string; foldRows?: number } = {},
): Promise<Opened> {
  const fatal: BackendError[] = [];
  const path = options.path ?? join(folder, `${files++}.db`);
  const onFatal = (error: BackendError): void => void fatal.push(error);
  const backend = await openSqlite({ ...options, path, faults, onFatal });
  onTestFinished(() => backend.close());
  return { backend, path, fatal };
}

const entry = (n: number, body = "x"): NewEntry => ({
  id: `0190a000-0000-7000-8000-${n.toString(16).padStart(12, "0")}`,
  subject: "s",
  body,
});

const codes = [
  { errcode: resultCode.full, code: "full" },
  { errcode: resultCode.readonly, code: "read_only" },
  { errcode: resultCode.ioerr, code: "io" },
] as const;
const definite = [
  ...codes.flatMap((one) => [
    { ...one, step: "begin" as const },
    { ...one, step: "insert" as const },
  ]),
  { errcode: resultCode.full, code: "full", step: "commit" as const },
  { errcode: resultCode.readonly, code: "read_only", step: "commit" as const },
];

test.each(definite.flatMap((fault) => [1, 100].map((foldRows) => ({ ...fault, foldRows }))))(
  "[storage.fault-definite] $code at $step writes nothing, and works again after, folding every $foldRows",
  async ({ foldRows, ...fault }) => {
    const faults = [{ step: fault.step, errcode: fault.errcode, after: 1 }];
    const { backend, fatal } = await openWith(faults, { foldRows });
    expect(await backend.append("a", entry(1))).toMatchObject({ seq: 1 });
    await expect(backend.append("a", entry(2))).rejects.toMatchObject({
      name: "BackendError",
      code: fault.code,
    });
    expect(await backend.read("a", { fromSeq: 0, limit: 10 })).toHaveLength(1);
    expect(await backend.append("a", entry(2))).toMatchObject({ seq: 2, duplicate: false });
    const rev = (await backend.cas("b", "k", { expectRev: 0, value: "v" })) as { rev: number };
    expect(await backend.get("b", "k")).toEqual({ value: "v", rev: rev.rev });
    expect(fatal).toEqual([]);
  },
);

test("[storage.fault-definite] a failed batch fails whole: no append and no revision of it stays", async () => {
  // Pass 0 of the inserts is the first append; the batch after it fails at its third op.
  const { backend } = await openWith([{ step: "insert", errcode: resultCode.full, after: 3 }]);
  await backend.append("a", entry(0));
  const batch = await Promise.allSettled([
    backend.append("a", entry(1)),
    backend.cas("b", "k", { expectRev: 0, value: "v" }),
    backend.append("c", entry(2)),
    backend.append("a", entry(3)),
  ]);
  for (const result of batch) expect(result).toMatchObject({ status: "rejected", reason: { code: "full" } });
  expect(await backend.lastSeq("a")).toBe(1);
  expect(await backend.lastSeq("c")).toBe(0);
  expect(await backend.get("b", "k")).toBeUndefined();
  expect(await backend.append("a", entry(3))).toMatchObject({ seq: 2 });
  expect(await backend.append("c", entry(2))).toMatchObject({ seq: 1 });
});

test.each([
  { step: "commit" as const, kept: 1 },
  { step: "committed" as const, kept: 2 },
])(
  "[storage.fault-unknown] an I/O error at $step is unknown, ends all acknowledging, and reopening settles it",
  async ({ step, kept }) => {
    const { backend, path, fatal } = await openWith([{ step, errcode: resultCode.ioerrFsync, after: 1 }]);
    await backend.append("a", entry(1));
    const tail = backend
      .tail("a", { fromSeq: 3, signal: new AbortController().signal })
      [Symbol.asyncIterator]()
      .next();
    const tailEnd = expect(tail).rejects.toMatchObject({ code: "io" });
    expect(await backend.append("a", entry(2))).toMatchObject({ outcome: "unknown" });
    await tailEnd;
    expect(fatal.map(({ code }) => code)).toEqual(["io"]);
    const io = { code: "io" };
    await expect(backend.append("a", entry(3))).rejects.toMatchObject(io);
    await expect(backend.cas("b", "k", { expectRev: 0, value: "v" })).rejects.toMatchObject(io);
    await expect(backend.read("a", { fromSeq: 0, limit: 1 })).rejects.toMatchObject(io);
    await expect(backend.get("b", "k")).rejects.toMatchObject(io);
    await backend.close();
    const again = await openWith([], { path });
    expect(await again.backend.read("a", { fromSeq: 0, limit: 10 })).toHaveLength(kept);
    const settled = await again.backend.append("a", entry(2));
    expect(settled).toEqual({ outcome: "committed", seq: 2, duplicate: kept === 2 });
  },
);

test("[storage.fault-unknown] what waited behind an uncertain batch was not written", async () => {
  const { backend, path } = await openWith([{ step: "commit", errcode: resultCode.ioerrFsync, after: 0 }]);
  const first = backend.append("a", entry(1));
  // Leaves with the batch after the first: the first is already on its way in the next turn of the loop.
  await new Promise(setImmediate);
  const second = backend.append("a", entry(2));
  expect(await first).toMatchObject({ outcome: "unknown" });
  await expect(second).rejects.toMatchObject({ code: "io" });
  await backend.close();
  const again = await openWith([], { path });
  expect(await again.backend.lastSeq("a")).toBe(0);
});

test("[storage.fault-checkpoint] a sync error while copying the log back ends all acknowledging, losing nothing", async () => {
  const { backend, path, fatal } = await openWith([
    { step: "checkpoint", errcode: resultCode.ioerrFsync, after: 0 },
  ]);
  let acknowledged = 0;
  for (let n = 0; fatal.length === 0; n++) {
    const result = await backend
      .append("a", entry(n, "x".repeat(100_000)))
      .catch((error: BackendError) => error);
    if ("outcome" in result && result.outcome === "committed") acknowledged++;
  }
  expect(fatal.map(({ code }) => code)).toEqual(["io"]);
  await backend.close();
  const again = await openWith([], { path });
  expect(await again.backend.lastSeq("a")).toBeGreaterThanOrEqual(acknowledged);
});

test("[storage.fault-checkpoint] no space to copy the log back only makes the log longer", async () => {
  const { backend, fatal } = await openWith([
    { step: "checkpoint", errcode: resultCode.full, after: 0, times: 5 },
  ]);
  for (let n = 0; n < 60; n++)
    expect(await backend.append("a", entry(n, "x".repeat(400_000)))).toMatchObject({ outcome: "committed" });
  expect(fatal).toEqual([]);
  expect(await backend.read("a", { fromSeq: 1, limit: 100 })).toHaveLength(60);
});

test.each([3, 2000])(
  "[storage.full] a real full database refuses typed and recovers without a restart once space is free, folding every %d",
  async (foldRows) => {
    const { backend, fatal } = await openWith([], { maxPages: 100, foldRows });
    let written = 0;
    let refused: BackendError | undefined;
    while (!refused) {
      const result = await backend
        .append("a", entry(written, "x".repeat(8_000)))
        .catch((error: BackendError) => error);
      if ("outcome" in result) written++;
      else refused = result;
    }
    expect(refused.code).toBe("full");
    expect(refused.message).toContain("Free some disk space");
    expect(await backend.lastSeq("a")).toBe(written);
    expect(await backend.read("a", { fromSeq: 1, limit: 1024 })).toHaveLength(written);
    await backend.trim("a", { beforeSeq: written });
    expect(await backend.append("a", entry(written, "x".repeat(8_000)))).toMatchObject({ seq: written + 1 });
    expect(fatal).toEqual([]);
  },
);
