import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { longestSocketPath, removeTemporaryPlace, socketPlaces } from "./socket-places.js";

let temporary: string;
let folder: string;
beforeEach(() => {
  temporary = mkdtempSync(join(tmpdir(), "t-"));
  chmodSync(temporary, 0o1777);
  folder = mkdtempSync(join(tmpdir(), "parley-places-"));
  vi.stubEnv("TMPDIR", temporary);
});
afterEach(() => {
  vi.unstubAllEnvs();
  for (const each of [temporary, folder]) rmSync(each, { recursive: true, force: true });
});

const uid = process.geteuid!();
const first = (path: string): string => socketPlaces(path)[0]!();
const second = (path: string): string => socketPlaces(path)[1]!();
const own = (): string => join(temporary, `parley-${uid}`);

describe("[daemon.socket-elsewhere] the wanted path", () => {
  test("is taken up to the system's length, with its folder made", () => {
    const path = join(folder, "run", "x".repeat(longestSocketPath - join(folder, "run").length - 1));
    expect(Buffer.byteLength(path)).toBe(longestSocketPath);
    expect(first(path)).toBe(path);
    expect(lstatSync(dirname(path)).mode & 0o777).toBe(0o700);
    expect(() => first(`${path}x`)).toThrow(`${longestSocketPath + 1} of at most ${longestSocketPath} bytes`);
    // Bytes count, not letters.
    expect(() => first(`${path.slice(0, -1)}é`)).toThrow("longer than the system allows");
  });

  test.each<[string, () => string, RegExp]>([
    [
      "a file",
      () => {
        writeFileSync(join(folder, "file"), "");
        return join(folder, "file", "d.sock");
      },
      /EEXIST|ENOTDIR/,
    ],
    [
      "open to other users",
      () => {
        chmodSync(folder, 0o777);
        return join(folder, "d.sock");
      },
      /can be written by other users/,
    ],
    ["shared, as the temporary folder is", () => join(temporary, "d.sock"), /can be written by other users/],
    ["on a file system that takes no folders", () => "/proc/parley/d.sock", /ENOENT|EACCES|EPERM/],
  ])("is refused when its folder is %s", (_what, prepare, reason) => {
    const path = prepare();
    expect(() => first(path)).toThrow(reason);
    expect(dirname(second(path))).toBe(own());
  });

  test.runIf(uid === 0)("is refused when its folder belongs to another user", () => {
    chownSync(folder, 65_533, 65_533);
    expect(() => first(join(folder, "d.sock"))).toThrow("belongs to user 65533");
    expect(() => first(join(folder, "below", "d.sock"))).toThrow("belongs to user 65533");
  });
});

describe("[daemon.socket-elsewhere] the private folder below the temporary one", () => {
  test("is 0700, is used again, and keeps daemons with other wanted paths apart", () => {
    const path = second("/too/long/a");
    expect(dirname(path)).toBe(own());
    expect(lstatSync(own()).mode & 0o777).toBe(0o700);
    expect(second("/too/long/a")).toBe(path);
    expect(second("/too/long/b")).not.toBe(path);
    writeFileSync(path, "");
    removeTemporaryPlace(path);
    expect(existsSync(own())).toBe(true);
    rmSync(path);
    removeTemporaryPlace(path);
    expect(readdirSync(temporary)).toEqual([]);
    // A folder of the user's own choice is never removed.
    mkdirSync(join(folder, "empty"));
    removeTemporaryPlace(join(folder, "empty", "d.sock"));
    expect(existsSync(join(folder, "empty"))).toBe(true);
  });

  test.each<[string, () => void]>([
    ["a symbolic link to a private folder", () => symlinkSync(folder, own())],
    ["a file", () => writeFileSync(own(), "")],
    ["a folder that others can look into", () => mkdirSync(own(), { mode: 0o755 })],
    ...(uid === 0
      ? ([
          [
            "another user's folder",
            () => {
              mkdirSync(own(), { mode: 0o700 });
              chownSync(own(), 65_533, 65_533);
            },
          ],
        ] as [string, () => void][])
      : []),
  ])("is made under a name that cannot be guessed when its name is taken by %s", (_what, take) => {
    take();
    const before = lstatSync(own());
    const path = second("/too/long/a");
    expect(dirname(path)).toMatch(new RegExp(`^${own()}-.{6}$`));
    expect(lstatSync(dirname(path))).toMatchObject({ uid });
    expect(lstatSync(dirname(path)).mode & 0o777).toBe(0o700);
    expect(lstatSync(own())).toEqual(before);
    removeTemporaryPlace(path);
    expect(existsSync(dirname(path))).toBe(false);
    expect(existsSync(own())).toBe(true);
  });

  test("lies in /tmp when the configured temporary folder is unusable or too long", () => {
    for (const unusable of ["/nonexistent", `${temporary}/${"x".repeat(100)}`]) {
      vi.stubEnv("TMPDIR", unusable);
      const path = second(`/too/long/${temporary}`);
      expect(dirname(path).startsWith("/tmp/parley-")).toBe(true);
      removeTemporaryPlace(path);
    }
  });
});
