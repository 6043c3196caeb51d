import type { Delivery, SendOptions, SendReceipt } from "../../../generated/types.js";
import { isoTexts, isoTime } from "../../../kernel/clock.js";
import type { AcceptedRecord, AnsweredRecord, InputAnsweredRecord } from "./inbox-entry.js";

type ReceiptedRecord = AcceptedRecord | AnsweredRecord | InputAnsweredRecord;

/** How long a command may wait unless its sender says otherwise, milliseconds. */
export const defaultTtlMs = 86_400_000;
/** What a command for a live host only has from its acceptance, milliseconds. */
const liveTtlMs = 60_000;

/** How long the command may wait for a host to make it its own, milliseconds. */
export function ttlOf(options: SendOptions | undefined): number {
  const ttl = options?.ttl_ms;
  return ttl === undefined ? defaultTtlMs : ttl === 0 ? liveTtlMs : ttl;
}

/** The receipt of what the log has: whoever asks gets the same, and so does who repeats. */
export function receiptOf(entry: ReceiptedRecord, deduplicated: boolean): SendReceipt {
  const { command, envelope_id } = entry;
  // What answers a question is part of the interaction that asks.
  const interaction_id = command.options?.in_reply_to?.interaction_id ?? entry.interaction_id;
  switch (command.kind) {
    case "input":
      return {
        kind: "input_accepted",
        interaction_id,
        stream_reserved: isReserved(entry),
        deduplicated,
      };
    case "peer_message": {
      const delivery = deliveryOf(entry);
      const acked = delivery.state === "delivered";
      return { kind: "peer_message_sent", envelope_id, interaction_id, acked, delivery, deduplicated };
    }
    case "peer_request":
      return {
        kind: "peer_request_sent",
        envelope_id,
        interaction_id,
        stream_reserved: isReserved(entry),
        delivery: deliveryOf(entry),
        deduplicated,
      };
    case "peer_response":
      return {
        kind: "peer_response_sent",
        envelope_id,
        in_reply_to: command.in_reply_to,
        delivery: deliveryOf(entry),
        deduplicated,
      };
  }
}

function isReserved(entry: ReceiptedRecord): boolean {
  return entry.t === "accepted" && entry.reserved;
}

function deliveryOf(entry: ReceiptedRecord): Delivery {
  // An answer is delivered by its append, whatever the asker's policy does with the copy.
  const held = entry.t === "accepted" && entry.held === true;
  const at = isoTime(entry.at);
  const delivery: Delivery =
    entry.outbox === true
      ? { state: "queued", at, attempt: 0 }
      : { state: held ? "held" : "delivered", at, attempt: 1 };
  if (entry.expires_at !== undefined) delivery.expires_at = expiryTime(entry.expires_at);
  return delivery;
}

/** As `isoTime`, beside it: most commands of a millisecond end together too. */
export const expiryTime: (ms: number) => string = isoTexts();
