import type { CommsCommand, SendReceipt } from "../../../generated/types.js";
import { ContractError } from "../../../kernel/contract-error.js";
import { type AnsweringCommand, refusalOfAnswer } from "../host/question-answers.js";
import type { InputAnsweredEntry } from "../inbox/inbox-entry.js";
import type { FoundInteraction } from "../inbox/mailboxes.js";
import { encodeFitting } from "../model/encode-fitting.js";
import type { DirectorySession } from "../ports.js";
import { checkIdentity, isOnline, offline, refuse, reservedBytes } from "./command-checks.js";
import type { Acceptance, SendParts } from "./send.js";

/**
 * An answer to a question of a host is appended beside the interaction that asks, and reaches the host as part of it. Only
 * the session that sent the interaction answers; neither the recipient's policy nor a full inbox refuses it, because its
 * host waits for it. The answers of one interaction are accepted one after the other, so that the first one counts.
 */
export async function answerQuestion(
  accepted: Acceptance,
  command: CommsCommand,
  parts: SendParts,
  resolve: (command: AnsweringCommand) => DirectorySession,
): Promise<SendReceipt> {
  if (command.kind !== "peer_message" && command.kind !== "input")
    refuse("options.in_reply_to", "invalid_value", "absent, except on peer_message and input", command.kind);
  if (command.kind === "input") {
    // Whether the caller may feed that session at all.
    resolve(command);
    if (command.stream === "reserve_interaction")
      refuse("stream", "invalid_value", "none, as an answer begins no interaction", command.stream);
  }
  const question = command.options!.in_reply_to!;
  const found = await parts.mailboxes.find(question.interaction_id);
  if (found === undefined) {
    const mailbox = await parts.mailboxes.get(resolve(command).sessionId);
    return accepted.receiptOfRepeat(mailbox, new ContractError("interaction_not_found"));
  }
  const { mailbox, item, session } = found;
  checkRecipient(command, session, resolve);
  if (item.sender.session_id !== accepted.sender.sessionId) throw new ContractError("permission_denied");
  return mailbox.decide(item.interactionId, () => give(found, accepted, command, question.request_id, parts));
}

/** The answer has to go to the session that has the interaction; a name that is no peer's is reported first. */
function checkRecipient(
  command: AnsweringCommand,
  session: DirectorySession,
  resolve: (command: AnsweringCommand) => DirectorySession,
): void {
  if (command.kind === "input") {
    if (command.session_id !== session.sessionId)
      refuse("session_id", "invalid_value", session.sessionId, command.session_id);
  } else if (command.to !== session.name) {
    resolve(command);
    refuse("to", "invalid_value", session.name, command.to);
  }
  checkIdentity(command, peerIdOf(session));
}

/** The identity that `peers` lists. */
function peerIdOf(session: DirectorySession): string {
  return session.peerId ?? session.sessionId;
}

async function give(
  { mailbox, item, session }: FoundInteraction,
  accepted: Acceptance,
  command: AnsweringCommand,
  requestId: string,
  parts: SendParts,
): Promise<SendReceipt> {
  const code = await refusalOfAnswer(mailbox, item, requestId);
  if (code !== undefined) return accepted.receiptOfRepeat(mailbox, new ContractError(code));
  if (accepted.isOnlyForLive && !isOnline(session, parts.isRead))
    return accepted.receiptOfRepeat(mailbox, offline());
  if (session.endpointId !== undefined) return accepted.append(command, session, mailbox);
  // It is delivered by its append: nothing of it can expire.
  const { expires_at: _, ...base } = accepted.base();
  const entry = mailbox.stamp<InputAnsweredEntry>({
    t: "input_answered",
    ...base,
    interaction_id: item.interactionId,
    request_id: requestId,
    command: accepted.withSource(command),
  });
  const body = encodeFitting(entry, "", reservedBytes);
  const written = await mailbox.answerQuestion(accepted.id, item, entry, body);
  const isTaken = item.questionAnswers.some(({ envelopeId }) => envelopeId === entry.envelope_id);
  if (!written.duplicate && !isTaken) throw new ContractError("interaction_ended");
  return accepted.receiptFrom(written);
}
