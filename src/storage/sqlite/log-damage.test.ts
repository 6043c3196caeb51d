import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { findLogDamage } from "./log-damage.js";
import { openSqlite } from "./open-sqlite.js";

const pageBytes = 4_096;
const frameBytes = pageBytes + 24;
const folder = mkdtempSync(join(tmpdir(), "parley-log-damage-"));
const commits = 12;
let database: Buffer;
let log: Buffer;
/** Frames of the log that end a commit, from 0. */
let ends: number[];

const id = (n: number): string => `0190a000-0000-7000-8000-${n.toString(16).padStart(12, "0")}`;

beforeAll(async () => {
  const path = join(folder, "live.db");
  const store = await openSqlite({ path });
  for (let n = 0; n < commits; n++)
    await store.append("a", { id: id(n), subject: "", body: "x".repeat(9_000) });
  [database, log] = [readFileSync(path), readFileSync(`${path}-wal`)];
  await store.close();
  const frames = (log.length - 32) / frameBytes;
  ends = Array.from({ length: frames }, (_, at) => at).filter(
    (at) => log.readUInt32BE(32 + at * frameBytes + 4) !== 0,
  );
  return () => rmSync(folder, { recursive: true, force: true });
});

function crashed(changed: Buffer): string {
  const own = mkdtempSync(join(folder, "crashed-"));
  onTestFinished(() => rmSync(own, { recursive: true, force: true }));
  const path = join(own, "store.db");
  writeFileSync(path, database);
  writeFileSync(`${path}-wal`, changed);
  return path;
}

function flip(at: number): Buffer {
  const changed = Buffer.from(log);
  changed[at]! ^= 0x40;
  return changed;
}

const damage = (path: string): number | undefined => findLogDamage(`${path}-wal`, pageBytes);

describe("[storage.log-damage] a write-ahead log", () => {
  test("that is whole, empty or missing has no damage", () => {
    expect(ends.length).toBeGreaterThanOrEqual(commits);
    expect(damage(crashed(log))).toBeUndefined();
    expect(damage(crashed(Buffer.alloc(0)))).toBeUndefined();
    expect(findLogDamage(join(folder, "none-wal"), pageBytes)).toBeUndefined();
  });

  test("with any changed byte before its last commit but one is damaged there", () => {
    // The frame that ends it is the proof of what lies before; what comes then may be the torn end.
    const provable = ends.at(-2)!;
    for (let frame = 0; frame < provable; frame++)
      for (const within of [0, 5, 9, 17, 24, 2_000, frameBytes - 1])
        expect([frame, within, damage(crashed(flip(32 + frame * frameBytes + within)))]).toEqual([
          frame,
          within,
          frame + 1,
        ]);
  });

  test("with a changed header is damaged, whichever byte", () => {
    for (let at = 0; at < 32; at++) expect([at, damage(crashed(flip(at)))]).toEqual([at, 0]);
  });

  test("cut off anywhere, or torn in its last commit, only ends earlier", () => {
    for (let bytes = 0; bytes < log.length; bytes += 1_021)
      expect([bytes, damage(crashed(log.subarray(0, bytes)))]).toEqual([bytes, undefined]);
    for (let frame = ends.at(-2)! + 1; frame <= ends.at(-1)!; frame++)
      expect(damage(crashed(flip(32 + frame * frameBytes + 100)))).toBeUndefined();
  });

  test("with what a longer, torn commit left beyond a later one has no damage", () => {
    // A torn commit whose first frame never came; a shorter one was written over its begin, and one more was torn beyond.
    const last = ends.at(-2)! + 1;
    const torn = flip(32 + last * frameBytes + 100);
    const beyond = Buffer.concat([torn, torn.subarray(torn.length - frameBytes)]);
    expect(damage(crashed(beyond))).toBeUndefined();
  });

  test("that is damaged keeps the store from opening, and both files stay", async () => {
    const changed = flip(32 + 500);
    const path = crashed(changed);
    for (let attempt = 0; attempt < 2; attempt++)
      await expect(openSqlite({ path })).rejects.toMatchObject({
        code: "corrupt",
        message: expect.stringContaining("write-ahead log"),
      });
    expect(readFileSync(`${path}-wal`).equals(changed)).toBe(true);
    expect(readFileSync(path).equals(database)).toBe(true);
  });

  test("whose end is torn opens with everything before it", async () => {
    const path = crashed(flip(32 + ends.at(-1)! * frameBytes + 100));
    const store = await openSqlite({ path });
    expect(await store.lastSeq("a")).toBe(commits - 1);
    await store.close();
  });
});
