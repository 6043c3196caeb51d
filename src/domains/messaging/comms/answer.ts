import type { PeerResponseCommand, SendReceipt } from "../../../generated/types.js";
import { ContractError } from "../../../kernel/contract-error.js";
import type { Ids } from "../../../kernel/ids.js";
import type { AnsweredEntry } from "../inbox/inbox-entry.js";
import type { InboxItem } from "../inbox/inbox-item.js";
import type { FoundInteraction } from "../inbox/mailboxes.js";
import { encodeFitting } from "../model/encode-fitting.js";
import type { DirectorySession, SessionDirectory } from "../ports.js";
import { checkIdentity, expectedPeer, isOnline, offline, refuse, reservedBytes } from "./command-checks.js";
import type { Acceptance, SendParts } from "./send.js";

/**
 * An answer is appended to the log of the session that answers, beside the interaction: from then on it is delivered.
 * The interaction's events follow from it, and so does the copy in the asker's inbox. Neither the asker's session nor
 * its inbox can refuse or delay an answer, so that no asker blocks a host.
 */
export async function answer(
  accepted: Acceptance,
  command: PeerResponseCommand,
  parts: SendParts,
): Promise<SendReceipt> {
  if (command.status === "accepted" && command.options?.handling === "steer")
    refuse("options.handling", "invalid_value", "queue", "steer");
  const { sender } = accepted;
  const found = await parts.mailboxes.find(command.in_reply_to);
  if (found === undefined || found.session.sessionId !== sender.sessionId) {
    checkRecipient(accepted, command, parts);
    throw new ContractError("interaction_not_found");
  }
  const { mailbox, item } = found;
  if (item.origin === undefined && item.sender.name !== command.to) checkRecipient(accepted, command, parts);
  return mailbox.during(() => append(found, accepted, command, parts));
}

/** A name that is no peer's is reported before an interaction that is not the caller's. */
function checkRecipient({ sender }: Acceptance, command: PeerResponseCommand, { resolver }: SendParts): void {
  const { peerId } = resolver.resolve(sender, command.to, command.kind, expectedPeer(command));
  checkIdentity(command, peerId);
}

async function append(
  { mailbox, item, session }: FoundInteraction,
  accepted: Acceptance,
  command: PeerResponseCommand,
  { directory, isRead }: SendParts,
): Promise<SendReceipt> {
  const isRemote = item.origin !== undefined;
  checkExpected(item, command);
  if (item.sender.name !== command.to) refuse("to", "invalid_value", item.sender.name, command.to);
  checkIdentity(command, item.sender.session_id);
  if (mailbox.isEnding(item) && (await mailbox.hasEnded(item)))
    return accepted.receiptOfRepeat(mailbox, new ContractError("interaction_ended"));
  const asker = isRemote ? undefined : askerOf(item, session, directory);
  const isCopied = !isRemote && !item.reserved && isExpected(item);
  // The host's own condition, not the asker's.
  if (isCopied && accepted.isOnlyForLive && !(asker !== undefined && isOnline(asker, isRead)))
    return accepted.receiptOfRepeat(mailbox, offline());
  const entry = mailbox.stamp<AnsweredEntry>({
    t: "answered",
    ...accepted.base(),
    interaction_id: item.interactionId,
    command,
  });
  const queue = isCopied ? copyFor(item, asker, accepted.context.ids) : undefined;
  // The link reports to the other daemon what this log has.
  if (isRemote) entry.outbox = true;
  else if (queue !== undefined) entry.queue = queue;
  return accepted.receiptFrom(
    await mailbox.answer(accepted.id, entry, encodeFitting(entry, "", reservedBytes)),
  );
}

/** A command that expects no answer is ended by a `completed`, since its recipient may have no claim of it. */
function checkExpected(item: InboxItem, { status }: PeerResponseCommand): void {
  if (isExpected(item)) return;
  if (item.origin !== undefined)
    refuse("in_reply_to", "invalid_value", "an interaction that expects an answer", item.kind);
  if (status !== "completed")
    refuse("status", "invalid_value", `completed, as nobody waits for an answer to a ${item.kind}`, status);
}

/** The item's sender waits for an answer. */
export function isExpected({ kind }: InboxItem): boolean {
  return kind === "peer_request" || kind === "input";
}

/** The session that asked, by its id: its name may have another owner by now. */
function askerOf(
  item: InboxItem,
  answering: DirectorySession,
  directory: SessionDirectory,
): DirectorySession | undefined {
  const asker = directory.byId(item.sender.session_id);
  return asker?.sessionId === answering.sessionId ? undefined : asker;
}

/**
 * Where the copy of an answer to the item is queued. Undefined when there is none: the item expects no answer, its asker
 * reads the reserved stream, is closed, or refuses answers by its policy.
 */
export function copyFor(
  item: InboxItem,
  asker: DirectorySession | undefined,
  ids: Ids,
): AnsweredEntry["queue"] {
  if (item.reserved || !isExpected(item) || asker === undefined || asker.closed) return undefined;
  const action = asker.inboundPolicy.peer_response;
  if (action === "refuse") return undefined;
  const queue = { session_id: asker.sessionId, interaction_id: ids.childOf(asker.sessionId) };
  return action === "hold" ? { ...queue, held: true } : queue;
}
