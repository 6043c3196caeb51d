import { spawn } from "node:child_process";
import { ParleyError } from "../../../sdks/typescript/src/index.js";
import { errors } from "../../generated/errors.js";

const outputLimit = 64 * 1024;

/** Starts this user's daemon as `parley up --detach` does. Resolves when it serves; rejects with the reason why it does not. */
export function startOwnDaemon(signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    // stdout of this process belongs to the protocol.
    const child = spawn(process.execPath, [process.argv[1]!, "up", "--detach", "--json"], {
      stdio: ["ignore", "pipe", "ignore"],
      signal,
    });
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      output = (output + text).slice(-outputLimit);
    });
    child.once("error", (error) => reject(failed(error.message)));
    child.once("close", (code) =>
      code === 0 ? resolve() : reject(failed(reasonIn(output) ?? `exit code ${code}`)),
    );
  });
}

function failed(reason: string): ParleyError {
  return new ParleyError({
    code: "daemon_unreachable",
    message: `No daemon runs, and it could not be started: ${reason}`,
    retryable: errors.daemon_unreachable.retryable,
  });
}

function reasonIn(output: string): string | undefined {
  try {
    const { code, message } = JSON.parse(output) as { code?: unknown; message?: unknown };
    return typeof message === "string" ? `${message} [${String(code)}]` : undefined;
  } catch {
    return undefined;
  }
}
