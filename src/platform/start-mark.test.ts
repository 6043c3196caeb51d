import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { markStart } from "./start-mark.js";

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "parley-mark-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Above the largest process id of Linux and macOS. */
const unusedPid = 2 ** 22 + 1;

describe("[trust.start-wait] the mark of a start", () => {
  test("is private, and goes with the start", () => {
    const folder = join(temporaryFolder(), "state/parley");
    const unmark = markStart(folder);
    expect(readdirSync(folder)).toEqual([`starting-${process.pid}`]);
    expect(statSync(join(folder, `starting-${process.pid}`)).mode & 0o777).toBe(0o600);
    unmark();
    unmark();
    expect(readdirSync(folder)).toEqual([]);
  });

  test("removes the marks of processes that ended, and marks that are too old, and no other file", () => {
    const folder = temporaryFolder();
    for (const name of [`starting-${unusedPid}`, `starting-${process.ppid}`, "starting-x", "daemon.json"])
      writeFileSync(join(folder, name), "");
    const old = `starting-${process.pid}`;
    writeFileSync(join(folder, old), "");
    utimesSync(join(folder, old), 1, 1);
    const unmark = markStart(folder, 1);
    expect(readdirSync(folder).sort()).toEqual([
      "daemon.json",
      "starting-1",
      `starting-${process.ppid}`,
      "starting-x",
    ]);
    unmark();
  });

  test("is left out where the folder cannot be written", () => {
    const file = join(temporaryFolder(), "file");
    writeFileSync(file, "");
    markStart(join(file, "state"))();
    mkdirSync(join(file, "../there"));
    expect(readdirSync(join(file, "../there"))).toEqual([]);
  });
});
