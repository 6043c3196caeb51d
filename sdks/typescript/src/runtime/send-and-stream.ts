import type { CommsCommand, CommsStreamEvent, CommsStreamResponse, SendReceipt } from "../generated/types.js";
import type { Calls } from "./calls.js";
import { clientError } from "./errors.js";
import type { EventStream } from "./event-stream.js";
import type { CallOptions, StreamOptions } from "./options.js";
import { ParleyError } from "./parley-error.js";
import { toParleyError } from "./rpc-message.js";

export interface SentAndStreamed {
  receipt: SendReceipt;
  /** The interaction's events from the first one on. */
  stream: EventStream<CommsStreamEvent, CommsStreamResponse>;
}

/** A `sendAndStream` that failed; `code` and the other fields are those of what failed. */
export class SendAndStreamError extends ParleyError {
  /** `send`: nothing was accepted. `stream_attach`: the command was accepted and stays so. */
  readonly stage: "send" | "stream_attach";
  /** The receipt of the accepted command. */
  readonly receipt: SendReceipt | undefined;
  readonly error: ParleyError;

  constructor(stage: "send" | "stream_attach", error: ParleyError, receipt?: SendReceipt) {
    super(error.toJSON(), error);
    this.stage = stage;
    this.error = error;
    this.receipt = receipt;
  }
}

/**
 * Sends a command with a reserved stream and attaches to it; an attach that fails is tried once more from the start.
 * Of a command that opens no interaction the daemon says so.
 */
export async function sendAndStream(
  calls: Calls,
  command: CommsCommand,
  options: CallOptions & StreamOptions,
): Promise<SentAndStreamed> {
  const receipt = await calls
    .unary("comms.send", { ...command, stream: "reserve_interaction" } as CommsCommand, options)
    .catch((error: unknown) => {
      throw new SendAndStreamError("send", toParleyError(error));
    });
  if (!("interaction_id" in receipt)) {
    const error = clientError("invalid_command", "Only input and peer_request open an interaction.");
    throw new SendAndStreamError("stream_attach", error, receipt);
  }
  const scope = { kind: "interaction", interaction_id: receipt.interaction_id } as const;
  const attach = async (): Promise<SentAndStreamed> => {
    const stream = calls.stream("comms.stream", { scope, after_sequence: 0 }, options);
    await stream.opened;
    return { receipt, stream };
  };
  return attach()
    .catch(attach)
    .catch((error: unknown) => {
      throw new SendAndStreamError("stream_attach", toParleyError(error), receipt);
    });
}
