import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";

/** The repository's root folder. */
export const root: string = fileURLToPath(new URL("../..", import.meta.url));

const sources = ["--import", fileURLToPath(new URL("../../scripts/ts.mjs", import.meta.url))];

/** Whether the server gets one processor and the load another. */
export const pinned: boolean =
  availableParallelism() > 1 && spawnSync("taskset", ["-c", "0,1", "true"]).status === 0;

/**
 * Servers under test run on the first processor, whatever loads them on the second. `any` is for what writes durably: a
 * thread that waits for the disk belongs to it, and on one processor the scheduler would be measured.
 */
export type Side = "server" | "load" | "any";

/** A command line that runs on its side's processor where that can be arranged. */
export function onSide(side: Side, command: string, args: readonly string[]): [string, string[]] {
  if (!pinned || side === "any") return [command, [...args]];
  return ["taskset", ["-c", side === "server" ? "0" : "1", command, ...args]];
}

export interface StartOptions {
  side: Side;
  /** Script, relative to `bench/`, with its arguments; or a path from the root with `built`. */
  script: string;
  args?: readonly string[];
  /** A finished JavaScript file below the root folder. */
  built?: boolean;
  nodeArgs?: readonly string[];
  env?: NodeJS.ProcessEnv;
  cwd?: string;
}

/** A child that says when it is ready and is ended by disposing of it. */
export interface Running extends AsyncDisposable {
  child: ChildProcess;
  pid: number;
  /** Its first message. */
  ready: unknown;
}

/** Starts a Node program and waits for its first message. */
export async function start(options: StartOptions): Promise<Running> {
  const script = options.built ? `${root}/${options.script}` : `${root}/bench/${options.script}`;
  const [command, args] = onSide(options.side, process.execPath, [
    ...(options.nodeArgs ?? []),
    ...(options.built ? [] : sources),
    script,
    ...(options.args ?? []),
  ]);
  const child = spawn(command, args, {
    cwd: options.cwd ?? root,
    env: options.env ?? process.env,
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  let output = "";
  for (const stream of [child.stdout!, child.stderr!])
    stream.on("data", (data) => {
      output = (output + String(data)).slice(-8_000);
    });
  const ready = await new Promise<unknown>((resolve, reject) => {
    const patience = setTimeout(() => {
      child.kill("SIGKILL");
      reject(new Error(`${options.script} is not ready after 60 s:\n${output}`));
    }, 60_000);
    child.once("message", (message) => {
      clearTimeout(patience);
      const { ready, message: reason = "" } = message as { ready?: boolean; message?: string };
      if (ready === false) reject(new Error(`${options.script}: ${reason}\n${output}`));
      else resolve(message);
    });
    child.once("exit", (code) => {
      clearTimeout(patience);
      reject(new Error(`${options.script} ended with ${code}:\n${output}`));
    });
  });
  return {
    child,
    pid: child.pid!,
    ready,
    [Symbol.asyncDispose]: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGTERM");
      const killer = setTimeout(() => child.kill("SIGKILL"), 10_000);
      await ended;
      clearTimeout(killer);
    },
  };
}

/** Sends a message to a child and waits for its next one. */
export function ask<Answer>({ child }: Running, message: object): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null): void =>
      reject(new Error(`a child ended with ${code} while working`));
    child.once("exit", onExit);
    child.once("message", (answer) => {
      child.off("exit", onExit);
      const { failure } = answer as { failure?: string };
      if (failure === undefined) resolve(answer as Answer);
      else reject(new Error(failure));
    });
    child.send(message);
  });
}
