import type { ErrorCode } from "../generated/errors.js";

/** Why a daemon or a command cannot begin; the message states what to do and is meant to be shown as it is. */
export class StartError extends Error {
  override name = "StartError";
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
