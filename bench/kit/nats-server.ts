import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as passed } from "node:timers/promises";
import { onSide, root } from "./process.js";

const version = "2.15.1";
const oldest = [2, 12, 3];
const folder = join(root, ".cache/tools/bin");

/** A JetStream server that syncs before it acknowledges, in a folder of its own. */
export interface NatsServer extends AsyncDisposable {
  port: number;
  pid: number;
  /** What it calls itself. */
  version: string;
}

/** The path of a nats-server that is new enough, or why there is none. It is built where there is a Go: packaged ones are too old. */
export function findNatsServer(): { path: string } | { reason: string } {
  const built = join(folder, "nats-server");
  const found = [built, "/usr/local/bin/nats-server", "/usr/sbin/nats-server"].find(isNewEnough);
  if (found !== undefined) return { path: found };
  const go = ["/usr/local/go/bin/go", "/usr/bin/go"].find(existsSync) ?? "go";
  if (spawnSync(go, ["version"]).status !== 0)
    return { reason: `no nats-server of ${oldest.join(".")} or newer, and no Go to build one` };
  process.stderr.write(`building nats-server ${version} ...\n`);
  const made = spawnSync(go, ["install", `github.com/nats-io/nats-server/v2@v${version}`], {
    env: { ...process.env, GOBIN: folder },
    stdio: ["ignore", "ignore", "pipe"],
    encoding: "utf8",
  });
  if (made.status === 0) return { path: built };
  return { reason: `nats-server ${version} could not be built: ${made.stderr.trim().split("\n").at(-1)}` };
}

export async function startNatsServer(path: string): Promise<NatsServer> {
  const own = mkdtempSync(join(tmpdir(), "parley-nats-"));
  const config = join(own, "nats.conf");
  writeFileSync(
    config,
    [
      'listen: "127.0.0.1:-1"',
      `ports_file_dir: "${own}"`,
      `jetstream { store_dir: "${join(own, "store")}", sync_interval: always }`,
    ].join("\n"),
  );
  const [command, args] = onSide("any", path, ["-c", config]);
  const child = spawn(command, args, { stdio: "ignore" });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const port = await Promise.race([
    portOf(own),
    ended.then(() => Promise.reject(new Error("nats-server ended at its start"))),
  ]);
  return {
    port,
    pid: child.pid!,
    version: spawnSync(path, ["--version"], { encoding: "utf8" }).stdout.trim().replace("nats-server: v", ""),
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGKILL");
      await ended;
      rmSync(own, { recursive: true, force: true });
    },
  };
}

/** It writes the port that it was given into a file. */
async function portOf(own: string): Promise<number> {
  for (const end = Date.now() + 30_000; Date.now() < end; await passed(20)) {
    const file = readdirSync(own).find((name) => name.endsWith(".ports"));
    if (file === undefined) continue;
    const text = readFileSync(join(own, file), "utf8");
    const address = /nats:\/\/127\.0\.0\.1:(\d+)/.exec(text)?.[1];
    if (address !== undefined) return Number(address);
  }
  throw new Error("nats-server is not ready after 30 s");
}

function isNewEnough(path: string): boolean {
  if (!existsSync(path)) return false;
  const said = /v(\d+)\.(\d+)\.(\d+)/.exec(spawnSync(path, ["--version"], { encoding: "utf8" }).stdout);
  if (said === null) return false;
  const have = said.slice(1).map(Number);
  const at = have.findIndex((part, index) => part !== oldest[index]);
  return at === -1 || have[at]! > oldest[at]!;
}
