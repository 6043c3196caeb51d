import { statSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { loadConfig } from "../../config/load-config.js";
import { resolvePaths } from "../../config/paths.js";
import { readableLine } from "../../telemetry/readable-lines.js";
import { UsageError } from "../arguments.js";
import { globals } from "../client.js";
import { print, printable } from "../output.js";
import { followLog, lastLines } from "./log-reader.js";
import { daemonProcess } from "./own-daemon.js";

export interface LogsFlags {
  follow?: boolean;
  lines: string;
  config?: string;
}

/** Prints the end of the daemon's log, and with `--follow` what is added, across rotations and restarts. */
export async function logs(flags: LogsFlags, command: Command): Promise<void> {
  if (!/^\d+$/.test(flags.lines)) throw new UsageError(`--lines takes a whole number, not "${flags.lines}"`);
  if (globals(command).baseUrl !== undefined)
    throw new UsageError("this command reads a file of this machine; leave out --base-url");
  const path = logFile(flags.config);
  const isFollowing = flags.follow === true;
  if (!isFollowing && statSync(path, { throwIfNoEntry: false }) === undefined)
    throw new UsageError(`there is no log yet: ${path} is written by \`parley up --detach\``);
  const write = globals(command).json ? print : (line: string) => print(forPeople(line));
  // The reader of a pipe ended, for example `head`.
  process.stdout.on("error", () => process.exit(0));
  const { lines, rest, end } = lastLines(path, Number(flags.lines));
  for (const line of lines) write(line);
  if (isFollowing) await followLog(path, end, write);
  else if (rest !== "") write(rest);
}

function logFile(configPath: string | undefined): string {
  const running = daemonProcess();
  if (running?.log_file !== undefined) return running.log_file;
  if (running !== undefined)
    throw new UsageError(
      `the daemon (pid ${running.pid}) writes its log to the terminal or the service manager that started it; \`[log] file\` in the config names a file`,
    );
  const { log } = loadConfig({
    ...(configPath === undefined ? {} : { path: configPath }),
    cwd: process.cwd(),
    env: process.env,
  });
  return log.file ?? join(resolvePaths(process.env).stateDir, "daemon.log");
}

/** A line of another program, for example Node's own words about a crash, is printed as it is. */
function forPeople(line: string): string {
  const isTerminal = process.stdout.isTTY && !process.env.NO_COLOR;
  try {
    return readableLine(line, { colour: isTerminal, date: true });
  } catch {
    return printable(line);
  }
}
