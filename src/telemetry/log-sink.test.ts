import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { openLogSink, type Write } from "./log-sink.js";

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "parley-log-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const numbered = (n: number): string => `${JSON.stringify({ n })}\n`;
const linesOf = (path: string): { n?: number; lost?: number; cause?: string }[] =>
  readFileSync(path, "utf8")
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line));

test("[telemetry.rotation] lines written around renames are all there, once, whole and in order", () => {
  const folder = temporaryFolder();
  const path = join(folder, "made", "here.log");
  const sink = openLogSink(path);
  const rotations = 20;
  for (let n = 0; n < rotations * 50; n++) {
    sink.write(numbered(n));
    // Between the rename and the signal lines still go to the renamed file.
    if (n % 50 === 20) renameSync(path, `${path}.${String(n).padStart(5, "0")}`);
    if (n % 50 === 30) sink.reopen();
  }
  const files = readdirSync(join(folder, "made")).sort((a, b) =>
    a === "here.log" ? 1 : b === "here.log" ? -1 : a < b ? -1 : 1,
  );
  expect(files).toHaveLength(rotations + 1);
  const found = files.flatMap((name) => linesOf(join(folder, "made", name)).map(({ n }) => n));
  expect(found).toEqual(Array.from({ length: rotations * 50 }, (_, n) => n));
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test("[telemetry.rotation] a file that cannot be opened again leaves the old one in use", () => {
  const path = join(temporaryFolder(), "log");
  const sink = openLogSink(path);
  sink.write(numbered(0));
  renameSync(path, `${path}.1`);
  const blocker = join(path, "in-the-way");
  rmSync(path, { force: true });
  // A folder of that name cannot be opened for writing.
  openLogSink(blocker).write(numbered(9));
  expect(() => sink.reopen()).toThrow(/EISDIR/);
  sink.write(numbered(1));
  expect(linesOf(`${path}.1`).map(({ n }) => n)).toEqual([0, 1]);
});

test("[telemetry.log-disk-full] a full disk throws nothing, tears no line, and is told when space is back", () => {
  const path = join(temporaryFolder(), "log");
  let space = Number.POSITIVE_INFINITY;
  const write: Write = (fd, bytes) => {
    if (space === 0) throw Object.assign(new Error("no space"), { code: "ENOSPC" });
    const written = writeSync(fd, bytes.subarray(0, Math.min(space, bytes.length)));
    space -= written;
    return written;
  };
  const sink = openLogSink(path, write);
  sink.write(numbered(0));
  space = 3;
  // The first three bytes go, the rest follows when there is space again; the next two are lost.
  for (let n = 1; n <= 3; n++) sink.write(numbered(n));
  expect(readFileSync(path, "utf8")).toBe(`${numbered(0)}{"n`);
  space = Number.POSITIVE_INFINITY;
  sink.write(numbered(4));
  expect(linesOf(path)).toMatchObject([{ n: 0 }, { n: 1 }, { lost: 2, cause: "ENOSPC" }, { n: 4 }]);
});

test("[telemetry.rotation] a sink on a descriptor ignores the wish to reopen", () => {
  const written: string[] = [];
  const sink = openLogSink(2, (fd, bytes) => {
    written.push(`${fd}:${Buffer.from(bytes).toString()}`);
    return bytes.length;
  });
  sink.reopen();
  sink.write(numbered(1));
  expect(written).toEqual([`2:${numbered(1)}`]);
});
