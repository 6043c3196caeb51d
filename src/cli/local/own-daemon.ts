import { setTimeout as pause } from "node:timers/promises";
import { createClient, ParleyError, type SystemStatusResponse } from "../../../sdks/typescript/src/index.js";
import {
  lookForDaemon,
  processSurroundings,
  type Sighting,
} from "../../../sdks/typescript/src/runtime/node/discovery.js";
import { noDaemonMessage, takenPort } from "../../../sdks/typescript/src/runtime/node/no-daemon.js";
import { resolvePaths } from "../../config/paths.js";
import { type Discovery, findDaemonProcess } from "../../platform/discovery-file.js";
import { isRunning, type ProcessIdentity } from "../../platform/process-identity.js";
import { note } from "../output.js";

/** What the commands that start and stop this user's daemon need to know about it. */
export type OwnDaemon = Pick<SystemStatusResponse, "pid" | "address" | "started_at" | "config_path">;

/** How long a start and a stop may take before a command gives up waiting. */
export const startWaitMs = 60_000;
export const stopWaitMs = 120_000;
/** A serving daemon that does not answer is asked for this long: its socket may have been removed a moment ago. */
const silenceMs = 10_000;
const askTimeoutMs = 2_000;
/** Looking costs a few file reads on Linux and a process elsewhere. */
const lookEveryMs = process.platform === "linux" ? 20 : 100;
/** Waiting is mentioned when it takes longer than this. */
const quietMs = 1_000;

/** The daemon's process by its discovery file; undefined when none runs, or one of an earlier version. */
export function daemonProcess(): Discovery | undefined {
  return findDaemonProcess(resolvePaths(process.env).discoveryFile);
}

/** The daemon that serves this user; waits for one that starts or stops. Throws when one runs and does not answer. */
export async function servingDaemon(): Promise<OwnDaemon | undefined> {
  const began = performance.now();
  for (let asked = 0; ; await pause(asked === 1 ? 0 : 2 * lookEveryMs)) {
    const found = daemonProcess();
    // A daemon of an earlier version, or one whose discovery file was just removed, is found by its socket.
    if (found === undefined) return ask();
    if (found.state === "stopping") {
      await untilGone(found, stopWaitMs);
      continue;
    }
    asked += 1;
    const answer = await ask();
    // A daemon that began to stop meanwhile still answers.
    if (answer !== undefined && daemonProcess()?.state !== "stopping") return answer;
    const waited = performance.now() - began;
    mention(
      waited,
      `waiting for the daemon (pid ${found.pid}), which is ${found.state} and does not answer yet`,
    );
    if (waited > (found.state === "starting" ? startWaitMs : silenceMs)) throw silent(found);
  }
}

/** Waits until the process has ended, so that its locks are free. Throws after `limitMs`. */
export async function untilGone(daemon: ProcessIdentity, limitMs: number): Promise<void> {
  const began = performance.now();
  while (isRunning(daemon)) {
    const waited = performance.now() - began;
    mention(waited, `waiting for the daemon (pid ${daemon.pid}) to stop`);
    if (waited > limitMs) throw stillStopping(daemon.pid, limitMs);
    await pause(lookEveryMs);
  }
  mentioned.clear();
}

/** Waits for a daemon that is stopping, if there is one. */
export async function afterStop(): Promise<void> {
  const found = daemonProcess();
  if (found?.state === "stopping") await untilGone(found, stopWaitMs);
}

/** This user's daemon by its sockets; undefined when no daemon answers there. A socket of another user is not asked. */
async function ask(): Promise<OwnDaemon | undefined> {
  for (const socketPath of ownSockets()) {
    const answer = await askAt(socketPath);
    if (answer !== undefined) return answer;
  }
  return undefined;
}

/**
 * The sockets of this user's daemon. Commands that start or stop it use these: a client without an address would wait for
 * the start that such a command has itself marked.
 */
export function ownSockets(): readonly string[] {
  return ownSighting()?.sockets ?? [];
}

/** The clause about another user who has the port of this user's daemon; undefined when no other user has it. */
export function otherUsersPort(): string | undefined {
  const seen = ownSighting();
  return seen && takenPort(seen, seen.uid);
}

/** What the files of this user's daemon show; undefined where sockets do not show their owner. */
export function ownSighting(): (Sighting & { uid: number }) | undefined {
  const { env, home, uid } = processSurroundings;
  return uid === undefined ? undefined : { ...lookForDaemon({ env, home, uid }), uid };
}

async function askAt(socketPath: string): Promise<OwnDaemon | undefined> {
  const client = createClient({ socketPath, keepAlive: false });
  try {
    return await client.system.status({ timeout: askTimeoutMs, retries: 0 });
  } catch (error) {
    const silence = ["daemon_unreachable", "deadline_exceeded", "shutting_down"];
    if (error instanceof ParleyError && silence.includes(error.code)) return undefined;
    throw error;
  } finally {
    await client.close();
  }
}

/** Texts that were printed: each once in a wait. */
const mentioned = new Set<string>();

function mention(waitedMs: number, text: string): void {
  if (waitedMs < quietMs || mentioned.has(text) || process.argv.includes("--json")) return;
  mentioned.add(text);
  note(`${text} ...`);
}

function silent({ pid, state, started_at, socket_path }: Discovery): ParleyError {
  const advice =
    state === "starting"
      ? "`parley logs -f` shows what it does; `parley stop` ends it"
      : "it is busy, halted or hangs: `parley stop` ends it";
  const message =
    refusedPlaces() ??
    `Your daemon (pid ${pid}, ${state} since ${started_at}) does not answer on ${socket_path}; ${advice}.`;
  return new ParleyError({ code: "daemon_unreachable", message, retryable: true });
}

/** The message about files of the daemon that are not used, because another user may have put them there. */
export function refusedPlaces(): string | undefined {
  const seen = ownSighting();
  return seen === undefined || seen.refusals.length === 0 ? undefined : noDaemonMessage(seen, seen.uid);
}

function stillStopping(pid: number, limitMs: number): ParleyError {
  const message = `The daemon (pid ${pid}) did not stop within ${limitMs / 1_000} s. \`parley logs\` shows why; \`kill -9 ${pid}\` ends it and loses no receipt.`;
  return new ParleyError({ code: "deadline_exceeded", message, retryable: true });
}
