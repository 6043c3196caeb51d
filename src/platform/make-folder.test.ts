import { mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { makeFolder } from "./make-folder.js";

test("[daemon.folders] folders are made private, and one that is there stays as it is", () => {
  const folder = mkdtempSync(join(tmpdir(), "parley-make-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  makeFolder(join(folder, "a/b/c"));
  for (const made of ["a", "a/b", "a/b/c"]) expect(statSync(join(folder, made)).mode & 0o777).toBe(0o700);
  makeFolder(join(folder, "a/b"));
  symlinkSync(join(folder, "a"), join(folder, "link"));
  makeFolder(join(folder, "link"));
  writeFileSync(join(folder, "file"), "");
  expect(() => makeFolder(join(folder, "file"))).toThrow("EEXIST");
  expect(() => makeFolder(join(folder, "file/below"))).toThrow("EEXIST");
});

test.runIf(process.platform === "linux")(
  "[daemon.folders] a file system that takes no folders is an error",
  () => {
    expect(() => makeFolder("/proc/parley/state")).toThrow(
      "ENOENT: no such file or directory, mkdir '/proc/parley'",
    );
  },
);
