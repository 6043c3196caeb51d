import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("../../dist/cli.cjs", import.meta.url));

export interface CliResult {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs the built CLI to its end. */
export function parley(
  env: NodeJS.ProcessEnv,
  args: string[],
  input: string | Uint8Array = "",
  cwd?: string,
): Promise<CliResult> {
  const child = spawn(process.execPath, [program, ...args], { cwd, env, stdio: ["pipe", "pipe", "pipe"] });
  child.stdin.on("error", () => undefined);
  child.stdin.end(input);
  return finished(child);
}

/** Starts the built CLI and leaves it running, for hosts. */
export function startParley(env: NodeJS.ProcessEnv, args: string[]): RunningCli {
  const child = spawn(process.execPath, [program, ...args], { env, stdio: ["pipe", "pipe", "pipe"] });
  const running = { stdout: "", stderr: "" };
  const result = finished(child, running);
  return {
    child,
    result,
    get stdout() {
      return running.stdout;
    },
    get stderr() {
      return running.stderr;
    },
    async stop() {
      child.kill("SIGTERM");
      await result;
    },
  };
}

export interface RunningCli {
  child: ChildProcess;
  result: Promise<CliResult>;
  /** What was printed so far. */
  readonly stdout: string;
  readonly stderr: string;
  stop(): Promise<void>;
}

/** Everything that a process prints until it ends; `output` has what it printed so far. */
export function finished(child: ChildProcess, output = { stdout: "", stderr: "" }): Promise<CliResult> {
  return new Promise((resolve, reject) => {
    child.stdout!.setEncoding("utf8").on("data", (text) => (output.stdout += text));
    child.stderr!.setEncoding("utf8").on("data", (text) => (output.stderr += text));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, ...output }));
  });
}
