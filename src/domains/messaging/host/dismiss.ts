import type { Clock } from "../../../kernel/clock.js";
import { ContractError } from "../../../kernel/contract-error.js";
import { derivedId } from "../../../lib/derived-id.js";
import { isExpected } from "../comms/answer.js";
import { dismissed } from "../inbox/endings.js";
import { type InboxItem, isClaimed } from "../inbox/inbox-item.js";
import type { Mailbox } from "../inbox/mailbox.js";

/** Ends a message or an answer that no host has claimed. The first ending counts; a repeat changes nothing. */
export function dismiss(
  mailbox: Mailbox,
  interactionId: string,
  clock: Clock,
): Promise<{ alreadyDismissed: boolean }> {
  return mailbox.decide(interactionId, async () => {
    const item = mailbox.inbox.item(interactionId);
    if (item === undefined) throw new ContractError("interaction_not_found");
    while (mailbox.isEnding(item)) {
      if (!(await mailbox.hasEnded(item))) continue;
      if (item.ending === dismissed) return { alreadyDismissed: true };
      throw new ContractError("interaction_ended");
    }
    if (isExpected(item)) throw new ContractError("answer_expected");
    if (isClaimed(item, clock.monotonic())) throw claimed();
    const alreadyDismissed = await end(mailbox, item);
    if (item.ending === dismissed) return { alreadyDismissed };
    throw new ContractError("interaction_ended");
  });
}

/** Writes the end; no host is offered the item meanwhile. */
async function end(mailbox: Mailbox, item: InboxItem): Promise<boolean> {
  const { interactionId } = item;
  item.closing = true;
  try {
    const entry = { t: "dismissed" as const, interaction_id: interactionId };
    const { duplicate } = await mailbox.writeEnding(item, entry, derivedId(interactionId, "dismissed"));
    return duplicate;
  } finally {
    item.closing = false;
    mailbox.wake();
  }
}

function claimed(): ContractError {
  const message = "A host has claimed the interaction; only that host can end it now.";
  return new ContractError("fence_stale", { message });
}
