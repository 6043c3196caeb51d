import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../../support/wait.js";
import { checkStoreFile } from "../kit/store-file.js";
import { mustStart } from "./own-daemon.js";
import { expectThat, type PartOptions, type Seen } from "./part.js";

/** A system call of the running daemon that begins to fail, and whether the daemon may go on afterwards. */
interface Failure {
  calls: string;
  error: string;
  ends: boolean;
}

const failures: readonly Failure[] = [
  { calls: "fdatasync,fsync", error: "EIO", ends: true },
  { calls: "pwrite64", error: "EIO", ends: true },
  // An open file turns read-only only when the file system gave up after an error: what is on disk is uncertain too.
  { calls: "pwrite64", error: "EROFS", ends: true },
  { calls: "pwrite64", error: "ENOSPC", ends: false },
];

/** Makes the daemon's own writes and syncs fail while it runs: no receipt then, and all of those before are kept. */
export async function failingCallsPart({ random, seen }: PartOptions): Promise<void> {
  const probe = spawnSync("strace", ["-qq", "-e", "inject=fsync:error=EIO", "true"]);
  if (probe.status !== 0) {
    seen.skipped.push("failing writes and syncs of a running daemon: no strace with injection here");
    return;
  }
  for (const failure of failures) await fail(failure, random.between(5, 40), seen);
}

async function fail({ calls, error, ends }: Failure, before: number, seen: Seen): Promise<void> {
  const what = `${error} of ${calls}`;
  const folder = mkdtempSync(join(tmpdir(), "parley-failing-"));
  const store = join(folder, "parley.db");
  try {
    let daemon = await mustStart(folder, store);
    await daemon.call("POST", "/sessions", { name: "bob" });
    for (let n = 0; n < before; n++) await daemon.send(n);
    const tracer = await inject(daemon.pid, calls, error);
    const { status, code } = await daemon.send(before);
    expectThat(
      seen,
      status === 503 && code === "storage_unavailable",
      `${what}: a send was answered ${status} ${code}`,
    );
    if (ends) {
      const exitCode = await daemon.ended;
      expectThat(seen, exitCode === 1, `${what}: the daemon ended with ${exitCode}`);
    }
    await release(tracer);
    if (!ends) {
      const again = await daemon.send(before);
      expectThat(
        seen,
        again.status === 200 && again.deduplicated === false,
        `${what}: no recovery: ${again.status}`,
      );
      await daemon.stop();
    }
    seen.broken.push(...checkStoreFile(store).map((found) => `${what}: ${found}`));
    daemon = await mustStart(folder, store);
    for (let n = 0; n < before; n++) {
      const { deduplicated } = await daemon.send(n);
      expectThat(seen, deduplicated === true, `${what}: acknowledged key ${n} is lost`);
    }
    await daemon.stop();
    seen.figures[`after_${error.toLowerCase()}_of_${calls.split(",")[0]}`] = ends
      ? "exit 1, whole"
      : "goes on";
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Resolves when all threads of the process are under the tracer. */
async function inject(pid: number, calls: string, error: string): Promise<ChildProcess> {
  const args = [
    "-f",
    "-qq",
    "-o",
    "/dev/null",
    "-e",
    `trace=${calls}`,
    "-e",
    `inject=${calls}:error=${error}`,
  ];
  const tracer = spawn("strace", [...args, "-p", `${pid}`], { stdio: "ignore" });
  await until("the tracer to have every thread", () => {
    const threads = readdirSync(`/proc/${pid}/task`);
    const traced = threads.filter((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/status`, "utf8").includes(`TracerPid:\t${tracer.pid}`),
    );
    return traced.length === threads.length ? true : undefined;
  });
  return tracer;
}

async function release(tracer: ChildProcess): Promise<void> {
  if (tracer.exitCode !== null || tracer.signalCode !== null) return;
  const ended = new Promise((resolve) => tracer.once("close", resolve));
  tracer.kill("SIGINT");
  await ended;
}
