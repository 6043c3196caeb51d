import type { HeldInteraction } from "../../../generated/types.js";
import { isoTime } from "../../../kernel/clock.js";
import { ContractError } from "../../../kernel/contract-error.js";
import { derivedId } from "../../../lib/derived-id.js";
import { expiryTime } from "../inbox/delivery.js";
import type { ReleasedEntry } from "../inbox/inbox-entry.js";
import { itemsWithin } from "../inbox/inbox-item.js";
import type { Mailbox } from "../inbox/mailbox.js";

/** Commands that are listed together, characters of JSON: an answer is one message. */
const listedChars = 256 * 1024;

/** What waits for a decision, oldest first: at most `limit`, and fewer when they are large. */
export async function listHeld(
  mailbox: Mailbox,
  limit: number,
): Promise<{ held: HeldInteraction[]; more: boolean }> {
  const all = mailbox.inbox.held();
  const listed = itemsWithin(all.slice(0, limit), listedChars);
  const commands = await mailbox.during(() => mailbox.commands(listed));
  const held = listed.map((item): HeldInteraction => {
    const { at, command, expires_at } = commands.get(item.seq)!;
    return {
      interaction_id: item.interactionId,
      envelope_id: item.envelopeId,
      from: item.sender.name,
      kind: item.kind,
      received_at: isoTime(at),
      ...(expires_at === undefined ? {} : { expires_at: expiryTime(expires_at) }),
      command,
    };
  });
  return { held, more: listed.length < all.length };
}

/** The first decision counts; the same again changes nothing, another one is an error. */
export function releaseHeld(
  mailbox: Mailbox,
  interactionId: string,
  decision: ReleasedEntry["decision"],
): Promise<{ alreadyReleased: boolean }> {
  return mailbox.decide(interactionId, () => release(mailbox, interactionId, decision));
}

async function release(
  mailbox: Mailbox,
  interactionId: string,
  decision: ReleasedEntry["decision"],
): Promise<{ alreadyReleased: boolean }> {
  const item = mailbox.inbox.item(interactionId);
  if (item === undefined) throw new ContractError("interaction_not_found");
  if (item.release?.decision === decision) return { alreadyReleased: true };
  if (mailbox.isEnding(item) && (await mailbox.hasEnded(item)) && item.release === undefined)
    throw new ContractError("interaction_ended");
  if (!item.held) throw new ContractError("not_held");
  const entry = { t: "released" as const, interaction_id: interactionId, decision };
  const id = derivedId(interactionId, "release");
  const { duplicate } = await (decision === "refuse"
    ? mailbox.writeEnding(item, entry, id)
    : mailbox.writeMove(item, entry, id));
  // Another decision, or the end, came first.
  if (item.release?.decision === decision) return { alreadyReleased: duplicate };
  throw new ContractError(item.release === undefined ? "interaction_ended" : "not_held");
}
