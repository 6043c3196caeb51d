import { execFileSync } from "node:child_process";
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A file system of its own that can be filled and made read-only. */
export interface SmallDisk extends Disposable {
  folder: string;
  /** Outside of the disk. */
  beside: string;
  /** Takes all the space, to the last byte. */
  fill(): void;
  free(): void;
  setReadOnly(readOnly: boolean): void;
}

/** In memory, of so many MiB. Throws where mounting is not allowed. */
export function mountSmallDisk(mebibytes: number): SmallDisk {
  const beside = mkdtempSync(join(tmpdir(), "parley-disk-"));
  const folder = join(beside, "disk");
  mkdirSync(folder);
  const mount = (...args: string[]): void => void execFileSync("mount", [...args, folder], { stdio: "pipe" });
  try {
    mount("-t", "tmpfs", "-o", `size=${mebibytes}m,mode=0700`, "tmpfs");
  } catch (error) {
    rmSync(beside, { recursive: true });
    throw error;
  }
  const ballast = join(folder, "ballast");
  return {
    folder,
    beside,
    fill() {
      const fd = openSync(ballast, "a");
      for (let bytes = 2 ** 20; bytes >= 1; ) {
        try {
          writeSync(fd, Buffer.alloc(bytes, 1));
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
          bytes >>= 1;
        }
      }
      closeSync(fd);
    },
    free: () => rmSync(ballast, { force: true }),
    setReadOnly: (readOnly) => mount("-o", `remount,${readOnly ? "ro" : "rw"}`),
    [Symbol.dispose]() {
      execFileSync("umount", [folder], { stdio: "pipe" });
      rmSync(beside, { recursive: true, force: true });
    },
  };
}
