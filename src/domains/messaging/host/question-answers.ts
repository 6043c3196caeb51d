import type { InputCommand, PeerMessageCommand, QuestionAnswer } from "../../../generated/types.js";
import { isoTime } from "../../../kernel/clock.js";
import type { InputAnsweredEntry } from "../inbox/inbox-entry.js";
import type { InboxItem } from "../inbox/inbox-item.js";
import type { Mailbox } from "../inbox/mailbox.js";
import { trustOf } from "./host-interaction.js";

/** Answers that one drain returns. */
const answersReturned = 64;
/** Characters of their JSON, and always the first. */
const charsReturned = 1024 * 1024;

/** The kinds of command that can answer a question. */
export type AnsweringCommand = InputCommand | PeerMessageCommand;

/** An answer in the log of the session whose host asks. */
interface InputAnswered {
  /** Position in that log. */
  readonly seq: number;
  readonly entry: InputAnsweredEntry;
  /** Wall milliseconds. */
  readonly at: number;
  /** Length of its JSON. */
  readonly chars: number;
}

/** An answer to a question of an item. */
export interface GivenAnswer {
  readonly requestId: string;
  readonly envelopeId: string;
  readonly given?: InputAnswered;
  /** The command in the outbox that carries it, when the host is at another daemon. */
  readonly outgoing?: InboxItem;
  /** Hash of the claim whose host has it. */
  receivedBy: string | undefined;
}

/** The question has an answer, which may still be on its way; one that could not be delivered answers nothing. */
export function isAnswered({ questionAnswers }: InboxItem, requestId: string): boolean {
  return questionAnswers.some(
    (answer) => answer.requestId === requestId && answer.outgoing?.ending?.kind !== "failed",
  );
}

/** Why the question takes no answer, from this daemon or another; undefined when it takes one. */
export async function refusalOfAnswer(
  mailbox: Mailbox,
  item: InboxItem,
  requestId: string,
): Promise<"interaction_ended" | "question_not_found" | "question_answered" | undefined> {
  if (mailbox.isEnding(item) && (await mailbox.hasEnded(item))) return "interaction_ended";
  if (!mailbox.events.interaction(item.interactionId).hasQuestion(requestId)) return "question_not_found";
  return isAnswered(item, requestId) ? "question_answered" : undefined;
}

/** Wall milliseconds at which the answer came to the session whose host asks; undefined while it is on its way. */
export function deliveredAt({ given, outgoing }: GivenAnswer): number | undefined {
  return given?.at ?? outgoing?.moves.find(({ state }) => state === "delivered")?.at;
}

/** Answers that the host of each claim does not have, in order, as many as fit into one response. */
export function missingAnswers(items: Iterable<InboxItem>): { item: InboxItem; answer: GivenAnswer }[] {
  const missing: { item: InboxItem; answer: GivenAnswer }[] = [];
  for (const item of items)
    for (const answer of item.questionAnswers)
      if (answer.given !== undefined && answer.receivedBy !== item.claim?.hash)
        missing.push({ item, answer });
  missing.sort((one, other) => one.answer.given!.seq - other.answer.given!.seq);
  let left = charsReturned;
  const end = missing.findIndex(({ answer }, at) => {
    left -= answer.given!.chars;
    return at === answersReturned || (left < 0 && at > 0);
  });
  return end === -1 ? missing : missing.slice(0, end);
}

/** As the host gets it. */
export function questionAnswerOf(item: InboxItem, { entry, at }: InputAnswered): QuestionAnswer {
  const { command, traceparent, envelope_id, sender } = entry;
  return {
    interaction_id: item.interactionId,
    request_id: entry.request_id,
    envelope_id,
    from: sender.name,
    command: command.kind,
    body: command.body,
    received_at: isoTime(at),
    ...(traceparent === undefined ? {} : { traceparent }),
    ...(entry.origin === undefined ? {} : { trust: trustOf(entry.origin) }),
  };
}
