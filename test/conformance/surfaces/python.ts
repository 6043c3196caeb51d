import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { TestDaemon } from "../../support/daemon.js";
import { errorShape, type Outcome, type Surface } from "../surface.js";

const driver = fileURLToPath(new URL("./python_driver.py", import.meta.url));

const sources = fileURLToPath(new URL("../../../sdks/python/src", import.meta.url));

/** The Python SDK over TCP with a token, in a process that takes one call a line. */
export function pythonSurface(daemon: TestDaemon, python: string): Surface {
  const child: ChildProcess = spawn(python, [driver, daemon.address], {
    env: { ...daemon.env, PYTHONDONTWRITEBYTECODE: "1", PYTHONPATH: sources },
    stdio: ["pipe", "pipe", "inherit"],
  });
  child.stdin!.write(`${daemon.token}\n`);
  const waiting: ((line: string) => void)[] = [];
  createInterface({ input: child.stdout! }).on("line", (line) => waiting.shift()?.(line));
  return {
    name: "py",
    async call(operation, request, session, token): Promise<Outcome> {
      const line = await new Promise<string>((resolve, reject) => {
        if (child.exitCode !== null) throw new Error(`the Python driver ended with ${child.exitCode}`);
        child.once("exit", (code) => reject(new Error(`the Python driver ended with ${code}`)));
        waiting.push(resolve);
        child.stdin!.write(`${JSON.stringify({ operation, request, session, token })}\n`);
      });
      child.removeAllListeners("exit");
      const outcome = JSON.parse(line);
      return "error" in outcome ? { error: errorShape(outcome.error) } : { response: outcome.response };
    },
    async close() {
      if (child.exitCode !== null) return;
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.stdin!.end();
      await ended;
    },
  };
}
