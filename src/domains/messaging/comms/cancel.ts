import type { PeerRequestCommand, SendReceipt } from "../../../generated/types.js";
import { mayUse } from "../../../kernel/authorise.js";
import type { CallContext } from "../../../kernel/context.js";
import { ContractError, type ErrorDetail } from "../../../kernel/contract-error.js";
import { patternDetail } from "../../../kernel/pattern-rules.js";
import { typeDetail } from "../../../kernel/validation-details.js";
import type { AcceptedEntry, InboxEntry } from "../inbox/inbox-entry.js";
import { isClaimed } from "../inbox/inbox-item.js";
import type { Mailbox } from "../inbox/mailbox.js";
import { encodeFitting } from "../model/encode-fitting.js";
import type { DirectorySession } from "../ports.js";
import { requirePrincipal } from "../routing/resolver.js";

export const cancelIntent = "comms.cancel";

/** What the daemon's own fields need beside the command. */
const reservedBytes = 2 * 1024;
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** The acceptance of a send, as far as cancelling needs it. */
export interface CancelAcceptance {
  readonly id: string;
  readonly sender: DirectorySession;
  readonly context: CallContext;
  base(): Omit<AcceptedEntry, "t" | "interaction_id" | "command" | "reserved">;
  receiptOfRepeat(mailbox: Mailbox, error: ContractError): Promise<SendReceipt>;
  receiptFrom(written: { duplicate: boolean; entry: InboxEntry }): SendReceipt;
}

/**
 * Asks for the end of an interaction that waits in the recipient's inbox. The request is accepted like any other, and
 * done with by its acceptance: what nobody has yet ends with it; who has it already is told, and decides. Undefined when
 * the interaction may be at another daemon by now: then the request has to go there.
 */
export async function cancel(
  accepted: CancelAcceptance,
  command: PeerRequestCommand,
  recipient: DirectorySession,
  mailbox: Mailbox,
): Promise<SendReceipt | undefined> {
  const { context, sender } = accepted;
  const target = mailbox.inbox.item(interactionOf(command));
  if (target === undefined)
    return accepted.receiptOfRepeat(mailbox, new ContractError("interaction_not_found"));
  if (target.sender.session_id !== sender.sessionId && !mayUse(requirePrincipal(context), recipient))
    throw new ContractError("permission_denied");
  while (target.settled || mailbox.isEnding(target))
    if (target.settled || (await mailbox.hasEnded(target)))
      return accepted.receiptOfRepeat(mailbox, new ContractError("interaction_ended"));
  if (target.outbox && (target.claiming || target.moves.length > 0 || mailbox.inbox.mayHaveLeft))
    return undefined;
  const interaction_id = target.interactionId;
  const entry = mailbox.stamp<AcceptedEntry>({
    t: "accepted",
    ...accepted.base(),
    interaction_id: context.ids.childOf(recipient.sessionId),
    command,
    reserved: command.stream === "reserve_interaction",
    cancel: isClaimed(target, context.clock.monotonic())
      ? { interaction_id, claimed: true }
      : { interaction_id },
  });
  const body = encodeFitting(entry, "", reservedBytes);
  return accepted.receiptFrom(await mailbox.cancel(accepted.id, entry, target, body));
}

/** The one parameter of a cancel request. */
export function interactionOf({ params }: PeerRequestCommand): string {
  const field = "params.interaction_id";
  if (params === null || typeof params !== "object" || Array.isArray(params))
    throw refused(typeDetail("params", "object", params));
  const { interaction_id: id } = params as { interaction_id?: unknown };
  if (typeof id !== "string") throw refused(typeDetail(field, id === undefined ? "a UUID" : "string", id));
  if (!uuid.test(id)) throw refused(patternDetail(field, uuid.source, id));
  return id;
}

function refused(detail: ErrorDetail): ContractError {
  return new ContractError("invalid_command", { details: [detail] });
}
