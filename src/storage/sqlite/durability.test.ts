import { type ChildProcessByStdio, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { afterAll, expect, onTestFinished, test } from "vitest";
import type { Backend } from "../../kernel/backend.js";
import { openSqlite } from "./open-sqlite.js";

const folder = mkdtempSync(join(tmpdir(), "parley-durability-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const load = ["--import", new URL("../../../scripts/ts.mjs", import.meta.url).href];
load.push(fileURLToPath(new URL("./_append-load.ts", import.meta.url)));

/** More by command: KILL_CYCLES=1000 npx vitest run src/storage/sqlite/durability.test.ts */
const killCycles = Number(process.env.KILL_CYCLES ?? 20);

function startLoad(
  path: string,
  inFlight: number,
  foldRows: number,
): ChildProcessByStdio<null, Readable, null> {
  const child = spawn(process.execPath, [...load, path, `${inFlight}`, "0", `${foldRows}`], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

test(`[storage.kill9] [storage.fold] keeps every acknowledged append, once, over ${killCycles} kills under load`, {
  timeout: 60_000 + killCycles * 3_000,
}, async () => {
  const path = join(folder, "kill.db");
  const acknowledged = new Map<string, Map<string, number>>([
    ["log0", new Map()],
    ["log1", new Map()],
  ]);
  for (let cycle = 0; cycle < killCycles; cycle++) {
    // In turn about every batch is folded, or what the kills left over is, now and then.
    const child = startLoad(path, 8, [4, 300, 1000][cycle % 3]!);
    const killAfter = 1 + Math.floor(Math.random() * 400);
    let printed = "";
    let lines = 0;
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      printed += text;
      lines += text.split("\n").length - 1;
      if (lines >= killAfter) child.kill("SIGKILL");
    });
    expect(await once(child, "close")).toEqual([null, "SIGKILL"]);
    for (const line of printed.split("\n").slice(0, -1)) {
      const [log, id, seq] = line.split(" ") as [string, string, string];
      acknowledged.get(log)!.set(id, Number(seq));
    }
    const backend = await openSqlite({ path });
    try {
      for (const [log, expected] of acknowledged) await expectKept(backend, log, expected);
    } finally {
      await backend.close();
    }
  }
  expect(acknowledged.get("log0")!.size).toBeGreaterThan(0);
});

/** Every acknowledged id is there once at its position, and the positions are 1, 2, 3, ... */
async function expectKept(backend: Backend, log: string, expected: Map<string, number>): Promise<void> {
  const found = new Map<string, number>();
  let seq = 0;
  for (let more = true; more; ) {
    const entries = await backend.read(log, { fromSeq: seq + 1, limit: 1024 });
    for (const entry of entries) {
      expect(entry.seq).toBe(++seq);
      expect(found.has(entry.id)).toBe(false);
      found.set(entry.id, entry.seq);
    }
    more = entries.length === 1024;
  }
  expect(await backend.lastSeq(log)).toBe(seq);
  const lost = [...expected].filter(([id, at]) => found.get(id) !== at);
  expect(lost).toEqual([]);
}

test("[storage.lock] refuses a second process, and is free again after a kill", async () => {
  const path = join(folder, "lock.db");
  const child = startLoad(path, 1, 100);
  await once(child.stdout, "data");
  await expect(openSqlite({ path })).rejects.toMatchObject({ code: "locked" });
  child.kill("SIGKILL");
  await once(child, "close");
  await (await openSqlite({ path })).close();
});

const strace = spawnSync("strace", ["-V"]).status === 0;
const skipped = strace ? "" : " (skipped: no strace here)";

test.skipIf(!strace)(`[storage.fsync] syncs at least once per commit${skipped}`, () => {
  // One in flight: every append is a commit of its own.
  expect(countSyncs("single.db", 1, 200)).toBeGreaterThanOrEqual(200);
});

test.skipIf(!strace)(
  `[storage.group-commit] shares a sync between appends in flight together${skipped}`,
  () => {
    const syncs = countSyncs("grouped.db", 64, 1280);
    expect(syncs).toBeGreaterThanOrEqual(1280 / 64);
    expect(syncs).toBeLessThan(1280 / 8);
  },
);

function countSyncs(name: string, inFlight: number, appends: number): number {
  const trace = join(folder, `${name}.trace`);
  const run = [process.execPath, ...load, join(folder, name), `${inFlight}`, `${appends}`, "2000"];
  execFileSync("strace", ["-f", "-qq", "-e", "trace=fsync,fdatasync", "-o", trace, ...run], {
    stdio: "ignore",
  });
  return readFileSync(trace, "utf8").match(/\b(fsync|fdatasync)\(/g)?.length ?? 0;
}
