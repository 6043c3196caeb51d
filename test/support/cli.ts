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
  const result = finished(child);
  return {
    child,
    result,
    async stop() {
      child.kill("SIGTERM");
      await result;
    },
  };
}

export interface RunningCli {
  child: ChildProcess;
  result: Promise<CliResult>;
  stop(): Promise<void>;
}

function finished(child: ChildProcess): Promise<CliResult> {
  return new Promise((resolve, reject) => {
    let stdout = "";
    let stderr = "";
    child.stdout!.setEncoding("utf8").on("data", (text) => (stdout += text));
    child.stderr!.setEncoding("utf8").on("data", (text) => (stderr += text));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout, stderr }));
  });
}
