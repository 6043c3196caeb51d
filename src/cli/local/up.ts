import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import { loadConfig } from "../../config/load-config.js";
import { resolvePaths } from "../../config/paths.js";
import { globals, withClient } from "../client.js";
import { note, paint, print, printJson } from "../output.js";

export interface UpFlags {
  detach?: boolean;
  config?: string;
  welcome?: boolean;
}

/** What the daemon tells the process that started it, once. */
interface Ready {
  ready: true;
  address: string;
}

export async function up(flags: UpFlags, command: Command): Promise<void> {
  const json = globals(command).json === true;
  const running = await runningDaemon(command);
  if (running !== undefined) {
    if (json) printJson({ already_running: true, ...running });
    else print(`parley already runs: pid ${running.pid} at ${running.address}, since ${running.started_at}`);
    if (flags.welcome) await welcome(command, running.address);
    return;
  }
  // A mistake in the config is told here, in the terminal of the person who made it.
  loadConfig({
    ...(flags.config === undefined ? {} : { path: flags.config }),
    cwd: process.cwd(),
    env: process.env,
  });
  const child = start(flags);
  const ready = await untilReady(child);
  if (ready === undefined) {
    process.exitCode = 1;
    return;
  }
  if (json) printJson({ already_running: false, pid: child.pid, address: ready.address });
  else note(`parley runs: pid ${child.pid} at ${ready.address}`);
  if (flags.welcome) await welcome(command, ready.address);
  if (flags.detach) {
    child.disconnect();
    child.unref();
    return;
  }
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => child.kill(signal));
  process.exitCode = await new Promise<number>((resolve) => child.once("exit", (code) => resolve(code ?? 1)));
}

function start(flags: UpFlags): ChildProcess {
  const daemon = fileURLToPath(new URL("./daemon.js", import.meta.url));
  if (!existsSync(daemon))
    throw new Error(`the daemon is not built (${daemon} is missing); run npm run build`);
  const args = flags.config === undefined ? [daemon] : [daemon, "--config", flags.config];
  if (!flags.detach) return spawn(process.execPath, args, { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  const { stateDir } = resolvePaths(process.env);
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  const log = openSync(join(stateDir, "daemon.log"), "a", 0o600);
  return spawn(process.execPath, args, { detached: true, stdio: ["ignore", log, log, "ipc"] });
}

function untilReady(child: ChildProcess): Promise<Ready | undefined> {
  return new Promise((resolve) => {
    child.once("message", (message) => resolve(message as Ready));
    child.once("exit", () => resolve(undefined));
  });
}

async function runningDaemon(
  command: Command,
): Promise<{ pid: number; address: string; started_at: string } | undefined> {
  try {
    return await withClient(command, async (client) => client.system.status({ timeout: 2_000, retries: 0 }));
  } catch (error) {
    if ((error as { code?: string }).code === "daemon_unreachable") return undefined;
    throw error;
  }
}

async function welcome(command: Command, address: string): Promise<void> {
  const { url } = await withClient(command, (client) => client.system.createTicket());
  const line = (text: string, comment: string): string =>
    `  ${paint("cyan", text.padEnd(44))}${paint("dim", comment)}`;
  print(
    [
      "",
      `${paint("bold", "Console")}  ${url}`,
      paint("dim", "         signs this browser in once; `npx parley console` prints a new one"),
      "",
      paint("bold", "Try, in another terminal:"),
      line("npx parley agent echo --name echo &", "an agent that answers with what it was sent"),
      line('npx parley send echo "hi" --stream', "ask it and watch the answer"),
      line("npx parley peers", "who is there"),
      line("npx parley --help", "everything else"),
      "",
      `API explorer at ${address}/docs once you are signed in.`,
    ].join("\n"),
  );
}
