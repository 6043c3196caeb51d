import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const source = fileURLToPath(new URL("lossy-fs.c", import.meta.url));
const cache = fileURLToPath(new URL("../../../.cache/", import.meta.url));

/** How a cut goes: before which of the changing operations from now, and what of the unsynced arrives all the same. */
export interface Cut {
  afterChanges: number;
  /** Chance of each unit, in thousandths. */
  keep: number;
  /** Bytes that arrive together: 512, or 4096. */
  unit: number;
  seed: number;
}

export interface DiskFigures {
  /** Changing operations, and the syncs among them. */
  ops: number;
  syncs: number;
  cuts: number;
  /** Unsynced sectors at the cuts that arrived, and that did not. */
  kept: number;
  dropped: number;
}

/** A mounted folder whose power can be cut; see `lossy-fs.c` for what it loses. */
export interface LossyDisk extends AsyncDisposable {
  folder: string;
  arm(cut: Cut): void;
  /** Resolves at the next cut. */
  nextCut(): Promise<void>;
  /** Power is back: the disk has what was durable. Everything that used it must be gone by then. */
  restore(): void;
  /** A new empty disk. */
  reset(): void;
  /** Syncs are answered and not done: the suite's own test. */
  lie(): void;
  /** How long a sync takes, microseconds. */
  delay(us: number): void;
  figures(): DiskFigures;
}

/** Mounts a disk of its own, or tells what this machine lacks. */
export async function mountLossyDisk(): Promise<LossyDisk | { missing: string }> {
  const program = compiled();
  if (typeof program !== "string") return program;
  const folder = mkdtempSync(join(tmpdir(), "parley-disk-"));
  const child = spawn(program, [folder], { stdio: ["ignore", "pipe", "pipe"] });
  const complaint: string[] = [];
  child.stderr.setEncoding("utf8").on("data", (text: string) => complaint.push(text));
  const waiting: (() => void)[] = [];
  const mounted = await new Promise<boolean>((resolve) => {
    child.once("exit", () => resolve(false)).once("error", () => resolve(false));
    createInterface(child.stdout).on("line", (line) => {
      if (line === "mounted") resolve(true);
      else for (const tell of waiting.splice(0)) tell();
    });
  });
  if (!mounted) {
    rmSync(folder, { recursive: true, force: true });
    return { missing: `no right to mount with FUSE (${complaint.join("").trim().split("\n")[0]})` };
  }
  const control = join(folder, ".power");
  const command = (text: string): void => writeFileSync(control, text, { flag: "r+" });
  return {
    folder,
    arm: ({ afterChanges, keep, unit, seed }) => command(`arm ${afterChanges} ${keep} ${unit} ${seed}`),
    nextCut: () => new Promise((resolve) => waiting.push(resolve)),
    restore: () => command("restore"),
    reset: () => command("reset"),
    lie: () => command("lie 1"),
    delay: (us) => command(`delay ${us}`),
    figures: () => JSON.parse(readFileSync(control, "utf8")) as DiskFigures,
    [Symbol.asyncDispose]: () => unmount(child, folder),
  };
}

async function unmount(child: ChildProcess, folder: string): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGTERM");
    await ended;
  }
  // Only a disk that was killed leaves its mount behind.
  if (!existsSync(folder)) spawnSync("umount", ["-l", folder]);
  rmSync(folder, { recursive: true, force: true });
}

/** The disk's program, built once for each state of its source. */
function compiled(): string | { missing: string } {
  if (process.platform !== "linux") return { missing: "FUSE is for Linux here" };
  if (!existsSync("/dev/fuse")) return { missing: "no /dev/fuse" };
  const flags = spawnSync("pkg-config", ["fuse3", "--cflags", "--libs"], { encoding: "utf8" });
  if (flags.status !== 0)
    return {
      missing: "no libfuse3-dev or no pkg-config (Debian: apt-get install libfuse3-dev pkg-config gcc)",
    };
  const hash = createHash("sha256").update(readFileSync(source)).digest("hex").slice(0, 16);
  const program = join(cache, `lossy-fs-${hash}`);
  if (existsSync(program)) return program;
  mkdirSync(cache, { recursive: true });
  const draft = `${program}.${process.pid}`;
  try {
    const options = ["-std=gnu17", "-O2", "-Wall", "-Wextra", "-Werror", "-o", draft, source];
    execFileSync("gcc", [...options, ...flags.stdout.trim().split(/\s+/)], { stdio: "pipe" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return { missing: "no gcc" };
    throw error;
  }
  renameSync(draft, program);
  return program;
}
