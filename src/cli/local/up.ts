import type { ChildProcess } from "node:child_process";
import type { Command } from "commander";
import { ParleyError } from "../../../sdks/typescript/src/index.js";
import { strangerOnPort } from "../../../sdks/typescript/src/runtime/node/port-owner.js";
import { ConfigError } from "../../config/config-error.js";
import { type Config, loadConfig, unreadFiles } from "../../config/load-config.js";
import { resolvePaths } from "../../config/paths.js";
import { markStart } from "../../platform/start-mark.js";
import { UsageError } from "../arguments.js";
import { globals, withClient } from "../client.js";
import { note, paint, print, printJson } from "../output.js";
import { ownCommand } from "../own-command.js";
import { type FirstWords, firstWords, type StartedDaemon, startDaemon, startError } from "./daemon-start.js";
import { type OwnDaemon, refusedPlaces, servingDaemon } from "./own-daemon.js";

export interface UpFlags {
  detach?: boolean;
  config?: string;
  welcome?: boolean;
}

/** A start that lost to another one is repeated this often, in case the other one ended since. */
const mostStarts = 3;

export async function up(flags: UpFlags, command: Command): Promise<void> {
  const json = globals(command).json === true;
  noteUnreadFiles(flags.config);
  let started: StartedDaemon;
  let words: FirstWords;
  let port: number;
  const unmark = markStart(resolvePaths(process.env).stateDir);
  try {
    for (let starts = 1; ; starts += 1) {
      const running = await servingDaemon();
      if (running !== undefined) return await sayRunning(running, flags, command);
      port = checkConfig(flags.config).server.port;
      started = startDaemon(flags);
      if (!flags.detach) endWithThisCommand(started.child);
      words = await firstWords(started);
      if (words.ready || !words.taken || starts === mostStarts) break;
    }
  } finally {
    unmark();
  }
  if (!words.ready) {
    // The daemon that runs is one whose files are not used.
    const refused = words.taken ? refusedPlaces() : undefined;
    throw refused === undefined
      ? startError(words, started)
      : new ParleyError({ code: "daemon_unreachable", message: refused });
  }
  const { child } = started;
  if (json) printJson({ already_running: false, pid: child.pid, address: words.address });
  else note(`parley runs: pid ${child.pid} at ${words.address}${portNote(port, words.address)}`);
  if (flags.welcome) await welcome(command, words.address);
  if (flags.detach) {
    child.disconnect();
    child.unref();
    return;
  }
  process.exitCode = await new Promise<number>((resolve) => child.once("exit", (code) => resolve(code ?? 1)));
}

async function sayRunning(running: OwnDaemon, flags: UpFlags, command: Command): Promise<void> {
  if (globals(command).json) printJson({ already_running: true, ...running });
  else print(`parley already runs: pid ${running.pid} at ${running.address}, since ${running.started_at}`);
  if (flags.welcome) await welcome(command, running.address);
}

/** The line about config files of the working directory, which are read only when `--config` names them. */
function noteUnreadFiles(path: string | undefined): void {
  const files = unreadFiles({
    ...(path === undefined ? {} : { path }),
    cwd: process.cwd(),
    env: process.env,
  });
  if (files.length === 0) return;
  const [verb, which] = files.length === 1 ? ["is", "it"] : ["are", "one"];
  note(`${files.join(" and ")} ${verb} not read; to use ${which}: parley up --config ${files[0]}`);
}

/** A mistake in the config is reported before the start, in the terminal of the person who made it. */
export function checkConfig(path: string | undefined): Config {
  try {
    return loadConfig({ ...(path === undefined ? {} : { path }), cwd: process.cwd(), env: process.env });
  } catch (error) {
    if (error instanceof ConfigError) throw new UsageError(error.message);
    throw error;
  }
}

/** Why the daemon has another port than the configured one; empty when it has that one. */
function portNote(wanted: number, address: string): string {
  if (wanted === 0 || Number(new URL(address).port || 80) === wanted) return "";
  const owner = strangerOnPort(wanted, process.geteuid?.() ?? -1);
  return `; port ${wanted} ${owner === undefined ? "is taken by another program" : `belongs to user ${owner}`}`;
}

function endWithThisCommand(child: ChildProcess): void {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => child.kill(signal));
  // The launcher of `npm start` holds a channel, which closes when the launcher ends in any way.
  process.once("disconnect", () => child.kill("SIGTERM"));
}

async function welcome(command: Command, address: string): Promise<void> {
  const { url } = await withClient(command, (client) => client.system.createTicket());
  print();
  print(paint("bold", "Console"), `  ${url}`);
  const own = ownCommand();
  print(paint("dim", `         signs this browser in once; \`${own} console\` prints a new one`));
  print();
  print(paint("bold", "Try, in another terminal:"));
  const examples = [
    [`${own} agent echo --name echo &`, "an agent that answers with what it was sent"],
    [`${own} send echo "hi" --stream`, "ask it and watch the answer"],
    [`${own} peers`, "who is there"],
    [`${own} --help`, "everything else"],
  ] as const;
  const width = Math.max(...examples.map(([line]) => line.length)) + 2;
  for (const [line, comment] of examples)
    print("  ", paint("cyan", line.padEnd(width)), paint("dim", comment));
  print();
  print(`API explorer at ${address}/docs.`);
}
