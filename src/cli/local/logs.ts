import { statSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { loadConfig } from "../../config/load-config.js";
import { resolvePaths } from "../../config/paths.js";
import { type ReadableLine, readableLine } from "../../telemetry/readable-lines.js";
import { UsageError } from "../arguments.js";
import { globals } from "../client.js";
import { markReaderLeft, paint, print, readerLeft, type Style } from "../output.js";
import { watchReader } from "../reader-watch.js";
import { followLog, lastLines } from "./log-reader.js";
import { daemonProcess } from "./own-daemon.js";

export interface LogsFlags {
  follow?: boolean;
  lines: string;
  config?: string;
}

const styles: Readonly<Record<string, Style>> = { debug: "dim", warn: "yellow", error: "red" };

/** Prints the end of the daemon's log, and with `--follow` what is added, across rotations and restarts. */
export async function logs(flags: LogsFlags, command: Command): Promise<void> {
  if (!/^\d+$/.test(flags.lines)) throw new UsageError(`--lines takes a whole number, not "${flags.lines}"`);
  if (globals(command).baseUrl !== undefined)
    throw new UsageError("this command reads a file of this machine; leave out --base-url");
  const path = logFile(flags.config);
  const isFollowing = flags.follow === true;
  if (!isFollowing && statSync(path, { throwIfNoEntry: false }) === undefined)
    throw new UsageError(`there is no log yet: ${path} is written by \`parley up --detach\``);
  const write = globals(command).json ? (line: string) => print(line) : printForPeople;
  const { lines, rest, end } = lastLines(path, Number(flags.lines));
  for (const line of lines) write(line);
  if (isFollowing) {
    watchReader(process.stdout.fd, markReaderLeft);
    await followLog(path, end, write, readerLeft);
  } else if (rest !== "") write(rest);
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
function printForPeople(line: string): void {
  let found: ReadableLine;
  try {
    found = readableLine(line, { date: true });
  } catch {
    print(line);
    return;
  }
  const style = styles[found.level];
  const name = found.level.padEnd(5);
  print(`${found.clock} `, style === undefined ? name : paint(style, name), ` ${found.text}`);
  if (found.trace !== undefined) for (const one of found.trace.split("\n")) print(one);
}
