import { type ChildProcess, spawn } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";

export interface Ending {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** How long a group may take to end by itself before it is killed, milliseconds. */
const grace = 5_000;

/** A command as the leader of a process group, so that what it has started ends with it. */
export class ProcessGroup {
  readonly #child: ChildProcess;
  readonly #ended: Promise<Ending>;
  #over = false;

  constructor(program: string, args: readonly string[], env: NodeJS.ProcessEnv, input: string) {
    const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"], detached: true, env });
    this.#child = child;
    this.#ended = new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code, signal) => resolve({ code, signal }));
    });
    // Whoever waits hears of a failed start; without this one that comes before would end the process.
    const over = (): void => {
      this.#over = true;
    };
    this.#ended.then(over, over);
    // A command that does not read its input closes the pipe early, which is no failure of ours.
    child.stdin!.on("error", () => undefined);
    child.stdin!.end(input);
  }

  /** Its output as whole characters, as fast as the reader takes them. */
  get output(): AsyncIterable<string> {
    return this.#child.stdout!.setEncoding("utf8") as AsyncIterable<string>;
  }

  get errors(): NodeJS.ReadableStream {
    return this.#child.stderr!.setEncoding("utf8");
  }

  /** Resolves when the command has ended and its output is closed; rejects when it could not be started. */
  get ended(): Promise<Ending> {
    return this.#ended;
  }

  /** Asks the whole group to end, and ends it when it does not. */
  async kill(): Promise<void> {
    if (this.#over) return;
    this.#signal("SIGTERM");
    const timer = setTimeout(() => this.#signal("SIGKILL"), grace);
    // Nobody reads the rest, and a pipe that is not read keeps its writer.
    this.#child.stdout!.resume();
    await this.#ended.catch(() => undefined);
    clearTimeout(timer);
  }

  #signal(signal: NodeJS.Signals): void {
    try {
      if (this.#child.pid !== undefined) process.kill(-this.#child.pid, signal);
    } catch {
      // The group has just ended.
    }
  }
}

/** Whether the shell would find the program: better told at the start than with each interaction. */
export function isProgram(program: string): boolean {
  const folders = program.includes("/") ? [""] : (process.env.PATH ?? "").split(delimiter);
  return folders.some((folder) => {
    const path = folder === "" ? program : join(folder, program);
    try {
      accessSync(path, constants.X_OK);
      return statSync(path).isFile();
    } catch {
      return false;
    }
  });
}
