import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { localCall } from "../../support/daemon.js";
import { placesIn } from "../../support/places.js";
import { uncappedLines } from "../../support/uncapped.js";

const program = fileURLToPath(new URL("../../../dist/daemon.js", import.meta.url));

export interface OwnDaemon {
  pid: number;
  /** From the spawn to the message that it is ready. */
  readyMs: number;
  call(method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }>;
  /** A message to `bob` under a key of its number, 600 bytes. */
  send(n: number): Promise<Sent>;
  stop(signal?: NodeJS.Signals): Promise<number | null>;
  /** The exit code, null after a signal. */
  ended: Promise<number | null>;
}

export interface Sent {
  status: number;
  code: string | undefined;
  deduplicated: boolean | undefined;
}

/** A start that was refused: exit code and what was said. */
export interface Refused {
  exitCode: number | null;
  says: string;
}

/** Starts the built daemon on `store`, with its other files in `folder`. */
export async function startOn(folder: string, store: string, config = ""): Promise<OwnDaemon | Refused> {
  mkdirSync(join(folder, "state"), { recursive: true });
  const file = join(folder, "parley.toml");
  const socket = join(folder, "d.sock");
  writeFileSync(
    file,
    `[server]\nport = 0\nsocket = "${socket}"\n[store]\npath = "${store}"\n[comms]\n${uncappedLines}inbox_max = 1000000\nsession_events_max = 10000000\n${config}`,
  );
  const started = performance.now();
  const child = spawn(process.execPath, [program, "--config", file], {
    cwd: folder,
    env: placesIn(folder),
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  let says = "";
  child.stderr!.setEncoding("utf8").on("data", (text) => (says = (says + text).slice(-20_000)));
  const ended = new Promise<number | null>((resolve) =>
    child.once("close", (code, signal) => {
      if (signal !== null) says += `\n(ended by ${signal})`;
      resolve(code);
    }),
  );
  const isReady = await Promise.race([
    new Promise<boolean>((resolve) =>
      child.once("message", ({ ready, message = "" }: { ready: boolean; message?: string }) => {
        says += message;
        resolve(ready);
      }),
    ),
    ended.then(() => false),
  ]);
  if (!isReady) return { exitCode: await ended, says };
  return running(child, socket, performance.now() - started, ended);
}

function running(
  child: ChildProcess,
  socket: string,
  readyMs: number,
  ended: Promise<number | null>,
): OwnDaemon {
  const call: OwnDaemon["call"] = (method, path, body) => localCall(socket, method, path, body);
  return {
    pid: child.pid!,
    readyMs,
    call,
    async send(n) {
      const { status, body } = await call("POST", "/comms/send", {
        kind: "peer_message",
        to: "bob",
        body: `${n} ${"x".repeat(600)}`,
        options: { idempotency_key: `key-${n}` },
      });
      const { code, deduplicated } = (body ?? {}) as { code?: string; deduplicated?: boolean };
      return { status, code, deduplicated };
    },
    stop(signal = "SIGTERM") {
      child.kill(signal);
      return ended;
    },
    ended,
  };
}

export function isRefused(start: OwnDaemon | Refused): start is Refused {
  return "says" in start;
}

/** A start that must succeed. */
export async function mustStart(folder: string, store: string, config = ""): Promise<OwnDaemon> {
  const start = await startOn(folder, store, config);
  if (isRefused(start)) throw new Error(`the daemon ended with ${start.exitCode}: ${start.says}`);
  return start;
}

/** Memory that a process really has, MiB; on Linux also the most that it ever had. */
export function residentMiB(pid: number): { now: number; peak: number | undefined } {
  if (process.platform !== "linux") {
    const kib = execFileSync("ps", ["-o", "rss=", "-p", `${pid}`], { encoding: "utf8" });
    return { now: Math.round(Number(kib) / 1_024), peak: undefined };
  }
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const mib = (name: string): number =>
    Math.round(Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]) / 1_024);
  return { now: mib("VmRSS"), peak: mib("VmHWM") };
}

/** How long Node takes to do nothing, median of five, milliseconds. */
export async function bareStartMs(): Promise<number> {
  const took: number[] = [];
  for (let n = 0; n < 5; n++) {
    const started = performance.now();
    await new Promise((resolve) => spawn(process.execPath, ["-e", "0"]).once("close", resolve));
    took.push(performance.now() - started);
  }
  return took.sort((a, b) => a - b)[2]!;
}
