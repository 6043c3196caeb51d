import { ConfigError } from "./config/config-error.js";
import type { ErrorCode } from "./generated/errors.js";
import { BackendError } from "./kernel/backend.js";
import { StartError } from "./kernel/start-error.js";
import { systemFailure } from "./platform/system-failure.js";
import { AlreadyRunningError } from "./surfaces/http/listen.js";

/** Why the daemon did not start, as the process that started it receives it. */
export interface StartFailure {
  code: ErrorCode;
  /** What happened and what to do. */
  message: string;
  /** Another process has the store or the socket, and may end. */
  taken: boolean;
}

/** Names the failure by a code of the contract. Only a mistake of the daemon itself is `internal`. */
export function startFailure(error: unknown): StartFailure {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof AlreadyRunningError)
    return { code: "start_failed", message: `${message}.`, taken: true };
  if (error instanceof BackendError && error.code === "locked")
    return { code: "storage_unavailable", message, taken: true };
  const system = systemFailure(error);
  if (system !== undefined) return { ...system, taken: false };
  if (error instanceof StartError) return { code: error.code, message, taken: false };
  if (error instanceof ConfigError) return { code: "invalid_request", message, taken: false };
  if (error instanceof BackendError) return { code: "storage_unavailable", message, taken: false };
  return { code: "internal", message, taken: false };
}
