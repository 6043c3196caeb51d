import type { ErrorCode } from "../../generated/errors.js";
import type { SendReceipt } from "../../generated/types.js";
import type { ContractError } from "../../kernel/contract-error.js";

/** A `sendAndStream` that failed; `code` is that of what failed. */
export class SendAndStreamError extends Error {
  override name = "SendAndStreamError";
  /** `send`: nothing was accepted. `stream_attach`: the command was accepted and stays so. */
  readonly stage: "send" | "stream_attach";
  readonly error: ContractError;
  /** The receipt of the accepted command; there is one exactly when the stage is `stream_attach`. */
  readonly receipt: SendReceipt | undefined;

  constructor(stage: "send" | "stream_attach", error: ContractError, receipt?: SendReceipt) {
    super(error.message, { cause: error });
    this.stage = stage;
    this.error = error;
    this.receipt = receipt;
  }

  get code(): ErrorCode {
    return this.error.code;
  }
}
