import { statSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import type { Command } from "commander";
import { createClient, type Parley, ParleyError } from "../../../sdks/typescript/src/index.js";
import { resolvePaths } from "../../config/paths.js";
import { isRunning, type ProcessIdentity, processStart } from "../../platform/process-identity.js";
import { parseDuration } from "../arguments.js";
import { globals, withClient } from "../client.js";
import { note, print, printJson } from "../output.js";
import {
  daemonProcess,
  otherUsersPort,
  ownSockets,
  refusedPlaces,
  stopWaitMs,
  untilGone,
} from "./own-daemon.js";

export interface StopFlags {
  /** False for `--no-wait`. */
  wait?: boolean;
  timeout?: string;
}

const askTimeoutMs = 3_000;
const lookEveryMs = 100;
const repairMs = 500;

/** Stops the daemon and returns when it has stopped: its process is gone, and what it had locked is free. */
export async function stop(flags: StopFlags, command: Command): Promise<void> {
  const options = globals(command);
  const isWaiting = flags.wait !== false;
  const limitMs = flags.timeout === undefined ? stopWaitMs : parseDuration(flags.timeout);
  if (options.baseUrl !== undefined) {
    await withClient(command, async (client) => {
      await client.system.stop();
      if (isWaiting) await untilUnreachable(client, limitMs);
    });
    if (options.json) printJson({ stopping: true, ...(isWaiting && { stopped: true }) });
    else print(`the daemon at ${options.baseUrl} ${isWaiting ? "has stopped" : "is stopping"}`);
    return;
  }
  const daemon = await beginStop();
  if (daemon !== undefined && isWaiting) await untilGone(daemon, limitMs);
  if (options.json)
    printJson({ stopping: daemon !== undefined, ...(isWaiting && { stopped: true }), ...pidOf(daemon) });
  else if (daemon === undefined) printAbsence();
  else print(`parley ${isWaiting ? "has stopped" : "is stopping"}: pid ${daemon.pid}`);
}

/** Of a daemon on another machine only this is seen. */
async function untilUnreachable(client: Parley, limitMs: number): Promise<void> {
  const end = performance.now() + limitMs;
  for (;;) {
    try {
      await client.system.health({ timeout: askTimeoutMs, retries: 0 });
    } catch (error) {
      if (error instanceof ParleyError && error.code === "daemon_unreachable") return;
    }
    if (performance.now() > end)
      throw new ParleyError({
        code: "deadline_exceeded",
        message: `The daemon still answers after ${limitMs / 1_000} s.`,
        retryable: true,
      });
    await pause(lookEveryMs);
  }
}

/** Files and a port of another user could be taken for a daemon of this user that does not stop. */
function printAbsence(): void {
  print("no daemon runs");
  const taken = otherUsersPort();
  const reason = refusedPlaces() ?? (taken && `${taken}, and was left alone.`);
  if (reason !== undefined) note(reason);
}

function pidOf(daemon: ProcessIdentity | undefined): { pid?: number } {
  return daemon === undefined ? {} : { pid: daemon.pid };
}

/** Asks the daemon to stop, over its socket or else by a signal to its process; undefined when none runs. */
export async function beginStop(): Promise<ProcessIdentity | undefined> {
  const found = daemonProcess();
  const bySocket = found === undefined ? await stopByUsualSocket() : undefined;
  if (bySocket !== undefined) return bySocket;
  // A daemon whose files were all removed a moment ago is about to write them again.
  if (found === undefined) await pause(repairMs);
  const daemon = found ?? daemonProcess();
  if (daemon === undefined) {
    // One may run all the same when its files cannot be looked for: this throws then.
    statSync(resolvePaths(process.env).discoveryFile, { throwIfNoEntry: false });
    return undefined;
  }
  if (daemon.state === "stopping") return daemon;
  try {
    await callOwnDaemon((client) => client.system.stop({ timeout: askTimeoutMs, retries: 0 }));
  } catch (error) {
    if (!(error instanceof ParleyError)) throw error;
    // Its socket is gone, it hangs, or it is of another version: the signal begins the same graceful stop.
    if (isRunning(daemon)) process.kill(daemon.pid, "SIGTERM");
  }
  return daemon;
}

/** A daemon of an earlier version, whose discovery file does not identify its process. */
async function stopByUsualSocket(): Promise<ProcessIdentity | undefined> {
  try {
    return await callOwnDaemon(async (client) => {
      const { pid } = await client.system.status({ timeout: askTimeoutMs, retries: 0 });
      const process_start = processStart(pid);
      await client.system.stop({ timeout: askTimeoutMs, retries: 0 });
      return process_start === undefined ? undefined : { pid, process_start };
    });
  } catch (error) {
    if (error instanceof ParleyError && error.code === "daemon_unreachable") return undefined;
    throw error;
  }
}

async function callOwnDaemon<T>(body: (client: Parley) => PromiseLike<T>): Promise<T> {
  const [socketPath] = ownSockets();
  if (socketPath === undefined)
    throw new ParleyError({ code: "daemon_unreachable", message: "The daemon's socket is gone." });
  const client = createClient({ socketPath, keepAlive: false });
  try {
    return await body(client);
  } finally {
    await client.close();
  }
}
