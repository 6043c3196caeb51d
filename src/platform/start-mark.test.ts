import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { processStart } from "./process-identity.js";
import { markStart } from "./start-mark.js";

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "parley-mark-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

describe("[trust.start-wait] the mark of a start", () => {
  test("names this process, is private, and goes with the start", () => {
    const folder = join(temporaryFolder(), "state/parley");
    const unmark = markStart(folder);
    const path = join(folder, "starting.json");
    expect(JSON.parse(readFileSync(path, "utf8"))).toEqual({
      state: "starting",
      pid: process.pid,
      process_start: processStart(process.pid),
    });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    unmark();
    unmark();
    expect(existsSync(path)).toBe(false);
  });

  test("of a later start stays when an earlier start ends", () => {
    const folder = temporaryFolder();
    const unmark = markStart(folder);
    const later = JSON.stringify({ state: "starting", pid: 1, process_start: "later" });
    writeFileSync(join(folder, "starting.json"), later);
    unmark();
    expect(readFileSync(join(folder, "starting.json"), "utf8")).toBe(later);
  });

  test("is left out where the folder cannot be written", () => {
    const file = join(temporaryFolder(), "file");
    writeFileSync(file, "");
    expect(markStart(join(file, "state"))).not.toThrow();
  });
});
