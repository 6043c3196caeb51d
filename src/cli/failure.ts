import type { CommanderError } from "commander";
import { ParleyError } from "../../sdks/typescript/src/index.js";
import { type ErrorCode, errors } from "../generated/errors.js";
import { systemFailure } from "../platform/system-failure.js";
import { UsageError } from "./arguments.js";
import { note, paint, print } from "./output.js";
import { TimeLimitError, timeLimitExitCode } from "./time-limit.js";

/** By its code: the class would load commander for commands that do without. */
export function isCommanderError(error: unknown): error is CommanderError {
  return error instanceof Error && String((error as { code?: unknown }).code).startsWith("commander.");
}

/** What to type next, in the command line's own words; the message itself speaks to every surface. */
const nextSteps: Readonly<Record<string, string>> = {
  contract_mismatch:
    "`parley doctor` names both versions; `parley restart` replaces a daemon that was started before an upgrade",
  deadline_exceeded: "`parley doctor` shows whether your daemon answers, and what to type when it does not",
  peer_not_found: "an agent of your own: `parley agent echo --name <name>`",
  peer_not_sendable: "`parley peers` lists the kinds that each peer takes",
  peer_offline: "without `--ttl 0` it waits in the inbox until a host comes",
  peer_identity_changed: "`parley peers --json` shows the peer_id that the name has now",
  admission_dropped: "nothing was stored; `parley session get <name>` shows how much waits there",
  send_ambiguous: "only a repeat with the same `--idempotency-key` can never arrive twice",
  session_name_taken: "`parley session get <name>` shows until when the name is held",
  interaction_ended: "`parley stream --interaction <id> --no-follow` prints how it ended",
  not_reserved: "`parley stream --interaction <id> --no-follow` prints what is kept",
  stream_timeout: "`parley stream --interaction <id> --no-follow` prints what is kept",
  already_attached: "`parley stream --interaction <id> --no-follow` prints what is kept",
  interaction_not_found:
    "it may have passed the replay window; only its sender and its recipient may read it",
  self_session_denied: "act as another session: `--as <name>`",
};

/** Reports what failed, on stdout as JSON when JSON was asked for, and returns the exit code of `errors.json`. */
export function reportFailure(error: unknown, json: boolean): number {
  if (error instanceof TimeLimitError) {
    note(paint("dim", error.message));
    return timeLimitExitCode;
  }
  const payload = describe(error);
  if (json) print(JSON.stringify(payload));
  else if (!isCommanderError(error)) {
    const [first = "", ...more] = payload.message.split("\n");
    note(paint("red", "error"), ` ${first} `, paint("dim", `[${payload.code}]`));
    for (const line of more) note(`  ${line}`);
    // A message that begins with the only field that is wrong shows its detail.
    const [only] = payload.details;
    const isShown = payload.details.length === 1 && first.startsWith(`${only!.field} cannot be `);
    for (const detail of isShown ? [] : payload.details) {
      note(
        `  ${detail.field || "(request)"}: ${detail.issue}, expected ${detail.expected}, got ${detail.got}`,
      );
    }
    const next = (error as { hint?: string }).hint ?? nextSteps[payload.code];
    if (next !== undefined) note(`  ${next}`);
    if (payload.retry_after_ms !== undefined)
      note(`  try again in ${Math.ceil(payload.retry_after_ms / 1000)} s`);
  }
  return exitCodeOf(error);
}

interface Described {
  code: string;
  message: string;
  details: { field: string; issue: string; expected: string; got: string }[];
  retryable: boolean;
  retry_after_ms?: number;
  request_id?: string;
}

/** The exit code of `errors.json`, or of a time that is over. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof TimeLimitError) return timeLimitExitCode;
  const { code } = describe(error);
  return code in errors ? errors[code as ErrorCode].exit : 1;
}

/** The failure as JSON shows it. */
export function describe(error: unknown): Described {
  if (error instanceof TimeLimitError)
    return { code: "deadline_exceeded", message: error.message, details: [], retryable: true };
  const system = systemFailure(error);
  // A call that failed has its own code, unless no call can be made at all.
  if (error instanceof ParleyError && system?.code !== "system_limit")
    return { details: [], retryable: false, ...error.toJSON() } as Described;
  if (system !== undefined) return { ...system, details: [], retryable: errors[system.code].retryable };
  // From a command that works on the store's file itself, or that starts a daemon.
  const code =
    error instanceof Error && error.name === "BackendError" ? "storage_unavailable" : codeOf(error);
  if (code !== undefined)
    return { code, message: (error as Error).message, details: [], retryable: errors[code].retryable };
  const usage = error instanceof UsageError || isCommanderError(error);
  const bareGroup = isCommanderError(error) && error.code === "commander.help";
  const message = bareGroup
    ? "name one of the commands; --help lists them"
    : error instanceof Error
      ? error.message.replace(/^error: /, "")
      : String(error);
  return { code: usage ? "invalid_request" : "internal", message, details: [], retryable: false };
}

/** The contract's code that an error names; errors of the system and of Node have codes of their own. */
function codeOf(error: unknown): ErrorCode | undefined {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === "string" && Object.hasOwn(errors, code) ? (code as ErrorCode) : undefined;
}
