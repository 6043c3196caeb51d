import type { CommanderError } from "commander";
import { ParleyError } from "../../sdks/typescript/src/index.js";
import { errors } from "../generated/errors.js";
import { UsageError } from "./arguments.js";
import { note, paint, print } from "./output.js";

/** By its code: the class would load commander for commands that do without. */
export function isCommanderError(error: unknown): error is CommanderError {
  return error instanceof Error && String((error as { code?: unknown }).code).startsWith("commander.");
}

/** Tells what failed, on stdout as JSON when JSON was asked for, and returns the exit code of `errors.json`. */
export function reportFailure(error: unknown, json: boolean): number {
  const payload = describe(error);
  if (json) print(JSON.stringify(payload));
  else if (!isCommanderError(error)) {
    note(
      `${paint("red", "error", process.stderr)} ${payload.message} ${paint("dim", `[${payload.code}]`, process.stderr)}`,
    );
    for (const detail of payload.details) {
      note(
        `  ${detail.field || "(request)"}: ${detail.issue}, expected ${detail.expected}, got ${detail.got}`,
      );
    }
    if (payload.code === "contract_mismatch")
      note(
        "  a daemon that runs since before an upgrade is still the old one: `parley doctor` says how to stop it",
      );
    if (payload.retry_after_ms !== undefined)
      note(`  try again in ${Math.ceil(payload.retry_after_ms / 1000)} s`);
  }
  return payload.code in errors ? errors[payload.code as keyof typeof errors].exit : 1;
}

interface Described {
  code: string;
  message: string;
  details: { field: string; issue: string; expected: string; got: string }[];
  retryable: boolean;
  retry_after_ms?: number;
  request_id?: string;
}

function describe(error: unknown): Described {
  if (error instanceof ParleyError) return { details: [], retryable: false, ...error.toJSON() } as Described;
  // From a command that works on the store's file itself.
  if (error instanceof Error && error.name === "BackendError")
    return { code: "storage_unavailable", message: error.message, details: [], retryable: false };
  const usage = error instanceof UsageError || isCommanderError(error);
  const bareGroup = isCommanderError(error) && error.code === "commander.help";
  const message = bareGroup
    ? "name one of the commands; --help lists them"
    : error instanceof Error
      ? error.message.replace(/^error: /, "")
      : String(error);
  return { code: usage ? "invalid_request" : "internal", message, details: [], retryable: false };
}
