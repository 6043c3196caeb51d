import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, fstatSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ParleyError } from "../../../sdks/typescript/src/index.js";
import { resolvePaths } from "../../config/paths.js";
import { makeFolder } from "../../platform/make-folder.js";
import { daemonNodeFlags } from "../../platform/node-flags.js";
import { systemFailure } from "../../platform/system-failure.js";
import type { StartFailure } from "../../start-failure.js";

/** A daemon's process that was just started. */
export interface StartedDaemon {
  child: ChildProcess;
  /** The log of a detached daemon and its length before the start. */
  log?: { path: string; before: number };
}

/** What the daemon sends to the process that started it, once. */
export type FirstWords = { ready: true; address: string } | ({ ready: false } & StartFailure);

const shownLines = 10;
const shownBytes = 8 * 1024;

export function startDaemon(flags: { detach?: boolean; config?: string }): StartedDaemon {
  const daemon = fileURLToPath(new URL("./daemon.js", import.meta.url));
  if (!existsSync(daemon))
    throw failure(
      "start_failed",
      `The daemon is not built: ${daemon} is missing. Run \`npm run build\` in the checkout.`,
    );
  const args = [
    ...daemonNodeFlags,
    daemon,
    ...(flags.config === undefined ? [] : ["--config", flags.config]),
  ];
  if (!flags.detach)
    return { child: spawn(process.execPath, args, { stdio: ["ignore", "inherit", "inherit", "ipc"] }) };
  const { stateDir } = resolvePaths(process.env);
  makeFolder(stateDir);
  const path = join(stateDir, "daemon.log");
  // The daemon opens its log itself, to do so again after a rotation. Node writes here when it cannot start.
  const log = openSync(path, "a", 0o600);
  try {
    const child = spawn(process.execPath, [...args, "--detached-log", path], {
      detached: true,
      stdio: ["ignore", log, log, "ipc"],
    });
    return { child, log: { path, before: fstatSync(log).size } };
  } finally {
    closeSync(log);
  }
}

/** Waits until the daemon is ready, reports why it is not, or ends without a report. */
export async function firstWords({ child, log }: StartedDaemon): Promise<FirstWords> {
  const words = Promise.withResolvers<FirstWords>();
  const fail = (code: StartFailure["code"], message: string): void =>
    words.resolve({ ready: false, code, message, taken: false });
  child.once("message", (message) => words.resolve(message as FirstWords));
  child.once("error", (error) => {
    const { code, message } = systemFailure(error) ?? { code: "start_failed", message: error.message };
    fail(code, message);
  });
  child.once("exit", async (code, signal) => {
    // What it sent last is read first.
    if (child.connected) await once(child, "disconnect");
    const how = signal === null ? `with exit code ${code}` : `by ${signal}`;
    fail("start_failed", `The daemon ended ${how} before it was ready. ${lastLines(log)}`);
  });
  return words.promise;
}

/** The failed start as the error of the command that began it. */
export function startError({ code, message }: StartFailure, { log }: StartedDaemon): ParleyError {
  const where = log === undefined || message.includes(log.path) ? "" : ` Its log is ${log.path}.`;
  return failure(code, `${message}${where}`);
}

function failure(code: StartFailure["code"], message: string): ParleyError {
  return new ParleyError({ code, message, retryable: false });
}

/** What was added to the log since the start. */
function lastLines(log: StartedDaemon["log"]): string {
  if (log === undefined) return "Its output is above.";
  const file = openSync(log.path, "r");
  try {
    const { size } = fstatSync(file);
    const from = Math.max(log.before, size - shownBytes);
    const bytes = Buffer.alloc(Math.max(0, size - from));
    readSync(file, bytes, 0, bytes.length, from);
    // Stack frames would push the reason out.
    const worded = bytes
      .toString("utf8")
      .split("\n")
      .filter((line) => line.trim() !== "" && !isFrame(line));
    const lines = worded.slice(-shownLines);
    if (lines.length === 0) return `Its log, ${log.path}, has no line about it.`;
    return `The end of its log, ${log.path}:\n${lines.map((line) => `  ${line.slice(0, 500)}`).join("\n")}`;
  } finally {
    closeSync(file);
  }
}

function isFrame(line: string): boolean {
  return /^\s+at /.test(line) || /^Node\.js v/.test(line);
}
