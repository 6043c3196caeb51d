import { existsSync } from "node:fs";
import { constants } from "node:os";
import { dirname } from "node:path";
import { isatty } from "node:tty";
import { loadConfig } from "./config/load-config.js";
import { resolvePaths } from "./config/paths.js";
import { createDaemon, type Daemon } from "./daemon.js";
import type { Logger } from "./kernel/logger.js";
import type { CompiledValidators } from "./kernel/validate.js";
import { makeFolder } from "./platform/make-folder.js";
import { startFailure } from "./start-failure.js";
import { createLogger } from "./telemetry/create-logger.js";
import { openLogSink } from "./telemetry/log-sink.js";

/** The daemon as a process: arguments, signals and exit codes; `daemon.ts` builds what it runs. */
const configPath = argument("--config");
/** From `up --detach`: the log of a daemon without a terminal, unless the config names one. */
const detachedLog = argument("--detached-log");
let daemon: Daemon | undefined;
let log: Logger | undefined;
/** The command that started the daemon in the foreground prints why it did not start. */
let isPrintedByParent = false;

/** During the start nothing is acknowledged yet, so the process may end at once. */
function stop(signal: "SIGTERM" | "SIGINT" | "SIGHUP"): void {
  if (daemon === undefined) process.exit(128 + constants.signals[signal]);
  daemon.stop();
}

function onParentGone(): void {
  stop("SIGTERM");
}

try {
  const config = loadConfig({
    ...(configPath === undefined ? {} : { path: configPath }),
    cwd: process.cwd(),
    env: process.env,
  });
  const file = config.log.file ?? detachedLog;
  // Without a file the lines go to stderr, because stdout belongs to the command that was asked for.
  if (file !== undefined) makeFolder(dirname(file));
  const sink = openLogSink(file ?? 2);
  const readable = file === undefined && isatty(2);
  const logger = createLogger({ level: config.log.level, destination: sink, readable });
  log = logger;
  isPrintedByParent = process.connected && file === undefined;
  process.on("uncaughtExceptionMonitor", (err) => logger.error({ err }, "The daemon cannot go on."));
  const reopen = (): void => {
    try {
      sink.reopen();
    } catch (err) {
      logger.error({ err }, "The log was not reopened; it goes on in the file that it had.");
    }
  };
  process.on("SIGUSR2", reopen);
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => stop(signal));
  // A terminal that closes ends what runs in it; a daemon without one reopens its log, as daemons usually do.
  process.on("SIGHUP", () => (detachedLog !== undefined ? reopen() : stop("SIGHUP")));
  // In the foreground the daemon belongs to the process that started it, also when that is killed.
  if (detachedLog === undefined && process.connected) process.once("disconnect", onParentGone);
  const paths = resolvePaths(process.env);
  const validators = await compiledValidators();
  daemon = await createDaemon({ config, paths, validators, log: logger, logFile: file });
  // The parent that started us waits for this; without one there is no channel.
  if (process.connected) process.send?.({ ready: true, address: daemon.address });
  process.exitCode = await daemon.ended;
} catch (error) {
  const failure = startFailure(error);
  const { code, message } = failure;
  if (code === "internal") log?.error({ code, err: error }, "The daemon did not start.");
  else if (!isPrintedByParent) log?.error({ code }, `The daemon did not start: ${message}`);
  if (log === undefined && !process.connected) process.stderr.write(`parley: ${message} [${code}]\n`);
  // Of two that start at once one is too late: the parent can wait for the other.
  if (process.connected) process.send?.({ ready: false, ...failure });
  process.exitCode = 1;
}
process.off("disconnect", onParentGone);
// A parent that waited only for the start has closed the channel already.
if (process.connected) process.disconnect();
// `parley stop` waits for the end of the process: nothing that was left open may delay it.
setTimeout(() => process.exit(), 1_000).unref();

function argument(name: string): string | undefined {
  const index = process.argv.indexOf(name);
  return index === -1 ? undefined : process.argv[index + 1];
}

/** What the build compiled; from sources there is nothing, and validators are compiled when they are first needed. */
async function compiledValidators(): Promise<CompiledValidators> {
  const file = new URL("./validators.js", import.meta.url);
  return existsSync(file) ? (await import(file.href)).validators : {};
}
