import { appendFileSync, mkdtempSync, renameSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { followLog, lastLines } from "./log-reader.js";

function logPath(): string {
  const folder = mkdtempSync(join(tmpdir(), "parley-logs-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, "daemon.log");
}

const numbered = (from: number, to: number): string =>
  Array.from({ length: to - from }, (_, at) => `line ${from + at}\n`).join("");

test("[daemon.logs] the last lines are read from the end, whatever the file's size", () => {
  const path = logPath();
  expect(lastLines(path, 5)).toMatchObject({ lines: [], rest: "" });
  writeFileSync(path, "");
  expect(lastLines(path, 5)).toMatchObject({ lines: [], rest: "", end: { offset: 0 } });
  // Several chunks, with letters of two bytes on their borders.
  writeFileSync(path, `${"é".repeat(200_001)}\n${numbered(0, 20_000)}torn`);
  expect(lastLines(path, 3)).toMatchObject({
    lines: ["line 19997", "line 19998", "line 19999"],
    rest: "torn",
  });
  expect(lastLines(path, 0)).toMatchObject({ lines: [], rest: "torn" });
  const all = lastLines(path, 1e9);
  expect(all.lines).toHaveLength(20_001);
  expect(all.lines[0]).toBe("é".repeat(200_001));
});

/** What a follower of the file prints. */
function follow(path: string): string[] {
  const printed: string[] = [];
  const aborted = new AbortController();
  const { end } = lastLines(path, 0);
  const done = followLog(path, end, (text) => void printed.push(text), aborted.signal);
  onTestFinished(async () => {
    aborted.abort();
    await done;
  });
  return printed;
}

test("[daemon.logs] a follower prints each line once, over rotations, emptying and a file that comes later", async () => {
  const path = logPath();
  const printed = follow(path);
  writeFileSync(path, numbered(0, 10));
  await expect.poll(() => printed.length).toBe(10);
  appendFileSync(path, "line 10");
  appendFileSync(path, "\nline 11\n");
  await expect.poll(() => printed.length).toBe(12);
  // Rotated: lines go to the renamed file until the daemon opens the new one.
  renameSync(path, `${path}.1`);
  appendFileSync(`${path}.1`, numbered(12, 15));
  writeFileSync(path, numbered(15, 18));
  await expect.poll(() => printed.length).toBe(18);
  truncateSync(path, 0);
  appendFileSync(path, numbered(18, 19));
  await expect.poll(() => printed.length).toBe(19);
  expect(printed.join("\n")).toBe(numbered(0, 19).trim());
});
