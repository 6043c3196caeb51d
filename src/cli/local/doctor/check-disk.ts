import { closeSync, fdatasyncSync, openSync, rmSync, statfsSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { byteSize } from "../copy-progress.js";
import { ok, type Result, trouble } from "./finding.js";

export interface DiskFacts {
  freeBytes: number;
  /** Files that can still be made; undefined where the file system has no such limit. */
  freeFiles: number | undefined;
  /** The file system's magic number, as Linux gives it. */
  type: number;
}

const full = 2 ** 28;
const low = 2 ** 30;
const fewFiles = 1_000;
const syncs = 9;
const slowSyncMs = 50;

/** tmpfs, ramfs. */
const volatileTypes = new Set([0x01021994, 0x858458f6]);
/** nfs, smb, cifs, smb2, 9p, ceph. */
const networkTypes = new Set([0x6969, 0x517b, 0xff534d42, 0xfe534d42, 0x01021997, 0x00c36400]);

export function checkSpace(folder: string, facts = diskFacts(folder)): Result[] {
  const { freeBytes, freeFiles, type } = facts;
  const says = `${byteSize(freeBytes)} free at ${folder}`;
  const found: Result[] = [];
  if (freeBytes < full) found.push(trouble("disk-full", says, { path: folder }));
  else if (freeBytes < low) found.push(trouble("disk-low", says, { path: folder }));
  else found.push(ok(says));
  if (freeFiles !== undefined && freeFiles < fewFiles)
    found.push(trouble("inodes-low", `${freeFiles} more files fit at ${folder}`, { path: folder }));
  if (volatileTypes.has(type)) found.push(trouble("store-volatile", `${folder} is in memory`));
  if (networkTypes.has(type)) found.push(trouble("store-network", `${folder} is on a network file system`));
  return found;
}

/** Writes and syncs like a receipt does, on a file of its own, and tells the median. */
export function checkSync(folder: string, measure = medianSyncMs): Result {
  try {
    const median = measure(folder);
    const says = `a synced write takes ${median.toFixed(2)} ms (median of ${syncs})`;
    return median > slowSyncMs ? trouble("sync-slow", says) : ok(says);
  } catch (error) {
    return trouble("sync-fails", (error as Error).message, { path: folder });
  }
}

/** How far the file system's time is from the clock, milliseconds; undefined when nothing can be written. */
export function stampSkewMs(folder: string): number | undefined {
  const path = probePath(folder);
  try {
    closeSync(openSync(path, "wx", 0o600));
    return statSync(path).mtimeMs - Date.now();
  } catch {
    return undefined;
  } finally {
    rmSync(path, { force: true });
  }
}

function diskFacts(folder: string): DiskFacts {
  const { bavail, bsize, files, ffree, type } = statfsSync(folder);
  return { freeBytes: bavail * bsize, freeFiles: files === 0 ? undefined : ffree, type };
}

function medianSyncMs(folder: string): number {
  const path = probePath(folder);
  const fd = openSync(path, "wx", 0o600);
  try {
    const block = Buffer.alloc(4_096, 1);
    const took: number[] = [];
    for (let n = 0; n < syncs; n++) {
      const start = performance.now();
      writeSync(fd, block);
      fdatasyncSync(fd);
      took.push(performance.now() - start);
    }
    return took.sort((a, b) => a - b)[syncs >> 1]!;
  } finally {
    closeSync(fd);
    rmSync(path, { force: true });
  }
}

function probePath(folder: string): string {
  return join(folder, `.doctor-${process.pid}`);
}
