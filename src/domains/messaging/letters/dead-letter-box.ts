import type { DeadLetter as ListedLetter } from "../../../generated/types.js";
import { isoTime } from "../../../kernel/clock.js";
import { ContractError } from "../../../kernel/contract-error.js";
import type { Ids } from "../../../kernel/ids.js";
import { derivedId } from "../../../lib/derived-id.js";
import { ttlOf } from "../inbox/delivery.js";
import type { AcceptedEntry } from "../inbox/inbox-entry.js";
import type { Mailbox } from "../inbox/mailbox.js";
import type { DeadLetter } from "./dead-letters.js";

/** Commands that are listed together, characters of JSON: an answer is one message. */
const listedChars = 256 * 1024;
/** When a full inbox is worth another try. */
const fullRetryMs = 1_000;

/** What ended without its work done, newest first. */
export async function listDeadLetters(
  mailbox: Mailbox,
  limit: number,
): Promise<{ letters: ListedLetter[]; more: boolean }> {
  const { letters, more } = await mailbox.during(() => mailbox.letters.list(limit, listedChars));
  return { letters: letters.map(listed), more };
}

/**
 * The new acceptance is the truth; then the letter goes off the list. The id of the acceptance follows from the letter,
 * so that a repeat finds the first, also when a crash came between the two.
 */
export function retryDeadLetter(
  mailbox: Mailbox,
  interactionId: string,
  ids: Ids,
): Promise<{ interactionId: string; alreadyRetried: boolean }> {
  return mailbox.decide(interactionId, async () => {
    const found = await mailbox.letters.find(interactionId);
    if (found === undefined) throw new ContractError("dead_letter_not_found");
    if ("dropped" in found) {
      if (found.dropped === undefined) throw new ContractError("dead_letter_not_found");
      return { interactionId: found.dropped, alreadyRetried: true };
    }
    if (!mailbox.hasRoom) throw new ContractError("admission_dropped", { retryAfterMs: fullRetryMs });
    const { sender, surface, command } = found.letter;
    const accepted = mailbox.stamp<AcceptedEntry>({
      t: "accepted",
      envelope_id: ids.uuid(),
      sender,
      surface,
      interaction_id: ids.childOf(mailbox.sessionId),
      command,
      reserved: false,
      retry_of: interactionId,
    });
    if (found.letter.outbox) accepted.outbox = true;
    accepted.expires_at = accepted.at + ttlOf(command.options);
    const { entry, duplicate } = await mailbox.accept(retryId(interactionId), accepted);
    if (entry.t !== "accepted") throw new ContractError("internal");
    await mailbox.letters.drop(interactionId, entry.interaction_id);
    return { interactionId: entry.interaction_id, alreadyRetried: duplicate };
  });
}

/** A repeat changes nothing. A letter whose retry was accepted leaves the list as retried. */
export function dropDeadLetter(
  mailbox: Mailbox,
  interactionId: string,
): Promise<{ alreadyDropped: boolean }> {
  return mailbox.decide(interactionId, async () => {
    const found = await mailbox.letters.find(interactionId);
    if (found === undefined) throw new ContractError("dead_letter_not_found");
    if ("dropped" in found) return { alreadyDropped: true };
    // A fault may have come between a retry's acceptance and the list.
    const retry = await mailbox.find(retryId(interactionId));
    await mailbox.letters.drop(interactionId, retry?.t === "accepted" ? retry.interaction_id : undefined);
    return { alreadyDropped: retry !== undefined };
  });
}

function retryId(interactionId: string): string {
  return derivedId(interactionId, "retry");
}

function listed(letter: DeadLetter): ListedLetter {
  const { interaction_id, envelope_id, sender, command, state, code, message, attempts } = letter;
  return {
    interaction_id,
    envelope_id,
    from: sender.name,
    kind: command.kind,
    state,
    code,
    message,
    attempts,
    received_at: isoTime(letter.accepted_at),
    ended_at: isoTime(letter.at),
    command,
  };
}
