import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { scopes } from "../../src/generated/operations.js";
import { daemonNodeFlags } from "../../src/platform/node-flags.js";
import { placesIn } from "./places.js";

const root = fileURLToPath(new URL("../..", import.meta.url));

export interface TestDaemon {
  address: string;
  socketPath: string;
  /** Environment in which the CLI and both SDKs find this daemon and no other. */
  env: NodeJS.ProcessEnv;
  folder: string;
  pid: number;
  /** A bearer token with every scope that may act as any session. */
  token: string;
  /** The end of what the present process, or the last one, has printed. */
  output: string;
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** Starts a daemon again on the same folders and port after `stop`, of another built tree when one is given. */
  restart(from?: string): Promise<void>;
  /** As `restart`, but kills it with SIGKILL this many milliseconds after its process began, ready or not. */
  restartAndKill(afterMs: number): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface DaemonOptions {
  /** TOML appended to the config. */
  config?: string;
  /** The tree whose built daemon it is. Default: this one. */
  root?: string;
  /** Variables beside those that place its folders. */
  env?: NodeJS.ProcessEnv;
}

/** Starts the built daemon in folders of its own, on a free port. */
export async function startDaemon(options: DaemonOptions = {}): Promise<TestDaemon> {
  const folder = mkdtempSync(join(tmpdir(), "parley-"));
  const env = { ...placesIn(folder), ...options.env };
  const config = join(folder, "parley.toml");
  let port = 0;
  let tree = options.root ?? root;
  // A command that is given no config must not mean the default port either.
  const usersConfig = join(folder, "config/parley/parley.toml");
  mkdirSync(dirname(usersConfig), { recursive: true, mode: 0o700 });
  const writeConfig = (): void => {
    writeFileSync(usersConfig, `[server]\nport = ${port}\n`);
    writeFileSync(config, `[server]\nport = ${port}\n${options.config ?? ""}`);
  };
  let child: ChildProcess;
  const daemon = { env, folder } as TestDaemon;
  const launch = (): void => {
    writeConfig();
    child = spawn(process.execPath, [...daemonNodeFlags, join(tree, "dist/daemon.js"), "--config", config], {
      cwd: folder,
      env,
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    daemon.output = "";
    for (const stream of [child.stdout!, child.stderr!])
      stream.on("data", (data) => (daemon.output = (daemon.output + data).slice(-20_000)));
  };
  const start = async (): Promise<void> => {
    launch();
    await new Promise<void>((resolve, reject) => {
      let reason: string | undefined;
      child.once("message", (words: { ready: boolean; message?: string }) => {
        reason = words.message;
        if (words.ready) resolve();
      });
      child.once("exit", (code) =>
        reject(new Error(`the daemon ended with ${code} before it was ready:\n${reason ?? daemon.output}`)),
      );
    });
    const found = JSON.parse(readFileSync(join(folder, "state/parley/daemon.json"), "utf8"));
    daemon.address = found.address;
    daemon.socketPath = found.socket_path;
    daemon.pid = child.pid!;
    port = Number(new URL(found.address).port);
  };
  daemon.stop = async (signal = "SIGTERM") => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill(signal);
    await ended;
  };
  daemon.restart = (from = tree) => {
    tree = from;
    return start();
  };
  daemon.restartAndKill = async (afterMs) => {
    launch();
    const timer = setTimeout(() => child.kill("SIGKILL"), afterMs);
    await new Promise((resolve) => child.once("exit", resolve));
    clearTimeout(timer);
  };
  daemon[Symbol.asyncDispose] = async () => {
    await daemon.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  if (!existsSync(join(tree, "dist/daemon.js")))
    throw new Error("dist/daemon.js is missing: npm run build first");
  await start();
  const issued = await localCall(daemon.socketPath, "POST", "/tokens", {
    name: "tester",
    scopes: [...scopes],
    sessions: ["*"],
  });
  daemon.token = (issued.body as { secret: string }).secret;
  return daemon;
}

/** One JSON call over the unix socket, without any of our clients in between. */
export function localCall(
  socketPath: string,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<{ status: number; body: unknown }> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        socketPath,
        method,
        path,
        headers: { ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers },
      },
      (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (chunk) => (text += chunk));
        response.on("end", () =>
          resolve({ status: response.statusCode!, body: text === "" ? undefined : JSON.parse(text) }),
        );
        response.on("error", reject);
      },
    );
    outgoing.on("error", reject);
    outgoing.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
