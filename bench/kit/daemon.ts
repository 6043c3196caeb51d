import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { scopes } from "../../src/generated/operations.js";
import { daemonNodeFlags } from "../../src/platform/node-flags.js";
import { localCall } from "../../test/support/daemon.js";
import { placesIn } from "../../test/support/places.js";
import { type Running, root, type Side, start } from "./process.js";

/** The built daemon in folders of its own, on the server's processor. */
export interface BenchDaemon extends Running {
  port: number;
  socketPath: string;
  /** Bearer token with every scope that may act as any session. */
  token: string;
  /** Environment in which the CLI and both SDKs find this daemon and no other. */
  env: NodeJS.ProcessEnv;
  /** One call over the unix socket; throws what the daemon refuses. */
  call<Answer>(method: string, path: string, body?: object): Promise<Answer>;
}

export interface BenchDaemonOptions {
  engine?: "sqlite" | "memory";
  /** Lines for the `[comms]` section of the configuration. */
  comms?: string;
  /** Shared library that is loaded before all others. */
  preload?: string;
  nodeArgs?: readonly string[];
  /** Default `server`. */
  side?: Side;
}

/** Folders and configuration for a daemon; nothing outside of them is read or written. */
export function prepareFolder(options: BenchDaemonOptions = {}): {
  folder: string;
  env: NodeJS.ProcessEnv;
  config: string;
} {
  const folder = mkdtempSync(join(tmpdir(), "parley-bench-"));
  const config = join(folder, "parley.toml");
  const lines = [
    "[server]",
    "port = 0",
    "[store]",
    `engine = "${options.engine ?? "sqlite"}"`,
    "[comms]",
    // The bench measures sending, not the moment at which it is refused; one sender stands for many.
    ...["unread_per_sender", "sends_per_second", "sends_burst", "loop_turns", "loop_repeats"].map(
      (limit) => `${limit} = 1_000_000`,
    ),
    options.comms ?? "inbox_max = 1_000_000",
  ];
  writeFileSync(config, `${lines.join("\n")}\n`);
  return { folder, env: placesIn(folder), config };
}

export async function startDaemon(options: BenchDaemonOptions = {}): Promise<BenchDaemon> {
  if (!existsSync(join(root, "dist/daemon.js")))
    throw new Error("dist/daemon.js is missing: run `npm run build` first");
  const { folder, env, config } = prepareFolder(options);
  const running = await start({
    side: options.side ?? "server",
    script: "dist/daemon.js",
    built: true,
    args: ["--config", config],
    nodeArgs: [...daemonNodeFlags, ...(options.nodeArgs ?? [])],
    cwd: folder,
    env: options.preload === undefined ? env : { ...env, LD_PRELOAD: options.preload },
  });
  const found = JSON.parse(readFileSync(join(folder, "state/parley/daemon.json"), "utf8"));
  const call = async <Answer>(method: string, path: string, body?: object): Promise<Answer> => {
    const answer = await localCall(found.socket_path, method, path, body);
    if (answer.status >= 400) throw new Error(`${method} ${path}: ${JSON.stringify(answer.body)}`);
    return answer.body as Answer;
  };
  const issued = await call<{ secret: string }>("POST", "/tokens", {
    name: "bench",
    scopes,
    sessions: ["*"],
  });
  return {
    ...running,
    port: Number(new URL(found.address).port),
    socketPath: found.socket_path,
    token: issued.secret,
    env,
    call,
    [Symbol.asyncDispose]: async () => {
      await running[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A session held for the whole benchmark. */
export async function openSession(
  daemon: BenchDaemon,
  name: string,
): Promise<{ sessionId: string; leaseToken: string }> {
  const opened = await daemon.call<{ session: { session_id: string }; lease: { token: string } }>(
    "POST",
    "/sessions",
    { name, ttl_ms: 86_400_000 },
  );
  return { sessionId: opened.session.session_id, leaseToken: opened.lease.token };
}
