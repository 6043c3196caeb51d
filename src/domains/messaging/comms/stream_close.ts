import { ContractError } from "../../../kernel/contract-error.js";
import type { UnaryHandler } from "../../../kernel/handlers.js";
import type { Streams } from "../streams/streams.js";

/** Closing belongs to the connection that opened; repeating it is safe. */
export function streamClose(streams: Streams): UnaryHandler<"comms.stream_close"> {
  return async ({ stream_id: streamId }, { connectionId }) => {
    const held = streams.get(streamId);
    const owner = held?.connectionId ?? streams.endedBy(streamId);
    if (owner === undefined) throw new ContractError("stream_not_found");
    if (owner !== connectionId) throw new ContractError("permission_denied");
    held?.stream.end("closed");
    // The reader's own word outlives a crash: else the reservation would wait again for somebody who is done.
    await held?.stream.stored;
    return { closed: true, already_closed: held === undefined };
  };
}
