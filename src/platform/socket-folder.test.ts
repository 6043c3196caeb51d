import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { socketFolderProblem } from "./socket-folder.js";

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "parley-folder-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

describe("[trust.socket-folder] the folder of the socket", () => {
  test("a private folder below the system's temporary folder is accepted, also through a symbolic link", () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, "private"), { mode: 0o700 });
    symlinkSync(join(folder, "private"), join(folder, "link"));
    expect(socketFolderProblem(join(folder, "private"))).toBeUndefined();
    expect(socketFolderProblem(join(folder, "link"))).toBeUndefined();
  });

  test("a folder that other users can write to, or below one that they can replace, is refused", () => {
    const folder = temporaryFolder();
    const above = join(folder, "above");
    const below = join(above, "below");
    mkdirSync(below, { recursive: true, mode: 0o700 });
    for (const mode of [0o720, 0o702, 0o1777]) {
      chmodSync(below, mode);
      expect(socketFolderProblem(below)).toBe(
        `${below} can be written by other users (mode ${mode.toString(8)})`,
      );
    }
    chmodSync(below, 0o755);
    expect(socketFolderProblem(below)).toBeUndefined();
    chmodSync(above, 0o777);
    expect(socketFolderProblem(below)).toBe(`${above} can be written by other users (mode 777)`);
    chmodSync(above, 0o1777);
    expect(socketFolderProblem(below)).toBeUndefined();
  });

  test("a folder of another user, or none, is refused", () => {
    const folder = temporaryFolder();
    // For a process of another user, each folder here is foreign.
    const other = process.getuid!() + 1;
    if (process.getuid!() !== 0)
      expect(socketFolderProblem(folder, other)).toBe(`${folder} belongs to user ${process.getuid!()}`);
    expect(socketFolderProblem(join(folder, "none"))).toBe(`${join(folder, "none")} cannot be read (ENOENT)`);
  });
});
