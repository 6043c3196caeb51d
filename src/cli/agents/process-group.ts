import { type ChildProcess, spawn } from "node:child_process";
import { setTimeout as pause } from "node:timers/promises";
import { DrainedOutput } from "./drained-output.js";
import { StartFailure } from "./start-failure.js";
import { type Origin, type Process, startOf, survivingProcesses } from "./surviving-processes.js";

/** How a command has ended. */
export interface Ending {
  code: number | null;
  signal: NodeJS.Signals | null;
}

export interface CommandLine {
  program: string;
  args: readonly string[];
  env: NodeJS.ProcessEnv;
  /** `NAME=value` of `env` that no other command has. */
  marker: string;
  /** What the command finds on stdin. */
  input: string;
  /** Whether everything that came from the command ends with it, what has left its process group too. */
  endsAll: boolean;
}

/** What processes are sent, and how long they may take to end after it, milliseconds. */
const endings = [
  ["SIGTERM", 400],
  ["SIGKILL", 200],
] as const;
const lookEveryMs = 20;
/** What an outcome that was brought about waits for output, milliseconds: with the times above less than a second. */
const endedDrainMs = 150;

/** A command as the leader of a session and a process group of its own. */
export class ProcessGroup {
  readonly output: DrainedOutput;
  readonly #line: CommandLine;
  readonly #child: ChildProcess;
  readonly #errors: DrainedOutput;
  readonly #exited = Promise.withResolvers<Ending>();
  readonly #origin: Origin;
  #ending: Promise<void> | undefined;
  #hasExited = false;
  /** Processes that were ended after they had outlived the command. */
  readonly #ended = new Map<number, Process>();

  /** Starts the command; throws a StartFailure, or `exited` rejects with one. */
  constructor(line: CommandLine, takeOutput: (text: string) => void, takeErrors: (text: string) => void) {
    const { program, args, env, marker, input } = line;
    this.#line = line;
    let child: ChildProcess;
    try {
      child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"], detached: true, env });
    } catch (error) {
      throw new StartFailure(program, error);
    }
    this.#child = child;
    this.#exited.promise.catch(() => {});
    child.once("error", (error) => {
      this.#hasExited = true;
      this.#exited.reject(new StartFailure(program, error));
    });
    child.once("exit", (code, signal) => this.#exit({ code, signal }));
    // Without descriptors for them there are no pipes, and the error above follows.
    const { stdin, stdout, stderr, pid = 0 } = child;
    if (!stdin || !stdout || !stderr)
      throw new StartFailure(program, { code: "EMFILE", message: "no descriptors" });
    this.#origin = { leader: pid, marker, startedAt: startOf(pid) };
    this.output = new DrainedOutput(stdout, takeOutput);
    this.#errors = new DrainedOutput(stderr, takeErrors);
    // A command may close its input, or end, before it has read it.
    stdin.on("error", () => undefined);
    stdin.end(input);
  }

  /** Resolves when the command itself has ended, whatever else holds its pipes; rejects with a StartFailure. */
  get exited(): Promise<Ending> {
    return this.#exited.promise;
  }

  /** After the exit: reads the rest of the output and drops the pipes. */
  async drain(): Promise<void> {
    this.#child.stdin!.destroy();
    const limit = this.#ending === undefined ? undefined : endedDrainMs;
    await Promise.all([this.output.drain(limit), this.#errors.drain(limit)]);
  }

  /**
   * Asks the group to end, kills it when it does not, and resolves when it has ended; with `endsAll` also what has left the
   * group. Safe to repeat.
   */
  end(): Promise<void> {
    this.#ending ??= this.#hasExited ? Promise.resolve() : this.#end();
    return this.#ending;
  }

  /** Resolves when an `end` that was begun is complete. */
  get settled(): Promise<void> {
    return this.#ending ?? Promise.resolve();
  }

  /** After the exit: what came from the command and still runs; with `endsAll` it is ended first. */
  async survivors(): Promise<{ running: Process[]; ended: Process[] }> {
    if (this.#line.endsAll) await this.#endSurvivors();
    const running = await survivingProcesses(this.#origin);
    const left = new Set(running.map(({ pid }) => pid));
    return { running, ended: [...this.#ended.values()].filter(({ pid }) => !left.has(pid)) };
  }

  async #end(): Promise<void> {
    const { leader } = this.#origin;
    const others = this.#line.endsAll ? this.#endSurvivors(leader) : undefined;
    await this.#endGroup(-leader);
    await others;
  }

  async #endGroup(group: number): Promise<void> {
    for (const [signal, limitMs] of endings) {
      send(group, signal);
      const deadline = performance.now() + limitMs;
      while (performance.now() < deadline) {
        if (this.#hasExited && !send(group, 0)) return;
        await pause(lookEveryMs);
      }
    }
    // A process that the system cannot end now, for example one that waits for a disk, does not hold the outcome.
    this.#exit({ code: null, signal: "SIGKILL" });
  }

  /** Ends what came from the command, but for one process group. */
  async #endSurvivors(exceptGroup?: number): Promise<void> {
    for (const [signal, limitMs] of endings) {
      const signalled = new Set<number>();
      const deadline = performance.now() + limitMs;
      do {
        const found = await survivingProcesses(this.#origin);
        const left = found.filter(({ group }) => group !== exceptGroup);
        if (left.length === 0) return;
        // One that was started meanwhile gets the signal too.
        for (const survivor of left.filter(({ pid }) => !signalled.has(pid))) {
          signalled.add(survivor.pid);
          this.#ended.set(survivor.pid, survivor);
          send(survivor.pid, signal);
        }
        await pause(lookEveryMs);
      } while (performance.now() < deadline);
    }
  }

  #exit(ending: Ending): void {
    this.#hasExited = true;
    this.#exited.resolve(ending);
  }
}

/** False when there is no such process or group. */
function send(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch {
    return false;
  }
}
