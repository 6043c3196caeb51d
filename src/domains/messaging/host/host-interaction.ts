import type { InboxInteraction, Trust } from "../../../generated/types.js";
import { expiryTime } from "../inbox/delivery.js";
import type { AcceptedRecord, Origin } from "../inbox/inbox-entry.js";
import type { InboxItem } from "../inbox/inbox-item.js";

/** Envelopes that came over a link are signed by the paired daemon. */
export function trustOf({ endpoint_id }: Origin): Trust {
  return { verified: true, source: "trusted", endpoint_id };
}

/** An item as its host gets it. */
export function interactionOf(item: InboxItem, accepted: AcceptedRecord): InboxInteraction {
  const base = {
    interaction_id: item.interactionId,
    envelope_id: accepted.envelope_id,
    from: item.sender.name,
    received_at: new Date(accepted.at).toISOString(),
    ...(accepted.expires_at === undefined ? {} : { expires_at: expiryTime(accepted.expires_at) }),
    attempt: item.attempt,
    stream_reserved: item.reserved,
    handling: item.steer ? ("steer" as const) : ("queue" as const),
    ...(accepted.retry_of === undefined ? {} : { retry_of: accepted.retry_of }),
    ...(accepted.traceparent === undefined ? {} : { traceparent: accepted.traceparent }),
    ...(accepted.origin === undefined ? {} : { trust: trustOf(accepted.origin) }),
  };
  const { command } = accepted;
  switch (command.kind) {
    case "input":
      return { kind: "input", ...base, body: command.body, source: command.source ?? "rpc" };
    case "peer_message":
      return { kind: "peer_message", ...base, body: command.body };
    case "peer_request":
      return { kind: "peer_request", ...base, intent: command.intent, params: command.params };
    case "peer_response": {
      const { in_reply_to, status, result } = command;
      return { kind: "peer_response", ...base, in_reply_to, status, result };
    }
  }
}
