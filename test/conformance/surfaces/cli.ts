import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { cliCommands } from "../../../src/generated/cli.js";
import { errors } from "../../../src/generated/errors.js";
import type { TestDaemon } from "../../support/daemon.js";
import { errorShape, type Surface } from "../surface.js";

const program = fileURLToPath(new URL("../../../dist/cli.cjs", import.meta.url));

/** The built CLI as a process, with the request on stdin by `--json -`. */
export function cliSurface(daemon: TestDaemon): Surface {
  return {
    name: "cli",
    async call(operation, request, session) {
      const { command } = cliCommands.find((candidate) => candidate.operation === operation)!;
      const args = [
        program,
        ...command.split(" "),
        "--json",
        "-",
        ...(session === undefined ? [] : ["--as", session]),
      ];
      const { code, stdout, stderr } = await run(args, JSON.stringify(request), daemon.env);
      let value: unknown;
      try {
        value = JSON.parse(stdout);
      } catch {
        throw new Error(`parley ${command} printed no JSON (exit ${code}): ${stdout}${stderr}`);
      }
      if (code === 0) return { response: value };
      const error = errorShape(value);
      const expected = errors[error.code as keyof typeof errors].exit;
      if (code !== expected)
        throw new Error(`exit code ${code} for ${error.code}, the catalogue says ${expected}`);
      return { error };
    },
    close: async () => undefined,
  };
}

function run(
  args: string[],
  input: string,
  env: NodeJS.ProcessEnv,
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { env, stdio: ["pipe", "pipe", "pipe"] });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text) => (stderr += text));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout, stderr }));
    child.stdin.on("error", () => undefined);
    child.stdin.end(input);
  });
}
