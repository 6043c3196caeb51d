import type { ListedInteraction, OmittedAnswers } from "../../../generated/types.js";
import type { Clock } from "../../../kernel/clock.js";
import { ContractError } from "../../../kernel/contract-error.js";
import type { AcceptedRecord } from "../inbox/inbox-entry.js";
import { type InboxItem, isClaimed, isShown } from "../inbox/inbox-item.js";
import type { Mailbox } from "../inbox/mailbox.js";
import type { Mailboxes } from "../inbox/mailboxes.js";
import { shortened, textOf } from "../model/command-text.js";
import { interactionOf } from "./host-interaction.js";
import { pageAfter, shownFrom } from "./inbox-page.js";

/** Commands that are listed together, characters of JSON: an answer is one message. */
const listedChars = 256 * 1024;
const longestText = 262_144;
const longestQuestion = 1_024;

/** Which part of an inbox is listed. */
export interface ListRequest {
  sessionId: string;
  /** Position after which the page starts. */
  after: number;
  limit: number;
  /** Only this interaction, whatever its state. */
  interactionId?: string | undefined;
  /** How long an empty page waits for its first item. */
  wait: { ms: number; signal: () => AbortSignal };
}

/** A page of an inbox as callers see it. */
export interface ListedPage {
  interactions: ListedInteraction[];
  cursor: number;
  more: boolean;
  omitted?: OmittedAnswers;
}

/** Lists what waits in an inbox; nothing is claimed, marked or written. */
export async function listInbox(
  mailboxes: Mailboxes,
  clock: Clock,
  request: ListRequest,
): Promise<ListedPage> {
  const mailbox = await mailboxes.upToDate(request.sessionId);
  return mailbox.during(async () => {
    const { items, cursor, more } =
      request.interactionId === undefined
        ? await pageWithin(mailbox, clock, request)
        : { ...itemsNamed(mailbox, request.interactionId), more: false };
    const commands = await mailbox.commands(items.toSorted((one, other) => one.seq - other.seq));
    const interactions: ListedInteraction[] = [];
    for (const item of items) {
      const question = await questionOf(item, commands.get(item.seq)!, mailboxes, request.sessionId);
      interactions.push(listed(item, commands.get(item.seq)!, question, clock.monotonic()));
    }
    const omitted = mailbox.omittedAnswers();
    return { interactions, cursor, more, ...(omitted === undefined ? {} : { omitted }) };
  });
}

/** The page, which waits for its first item when it would be empty. */
async function pageWithin(
  mailbox: Mailbox,
  clock: Clock,
  { after, limit, wait }: ListRequest,
): Promise<ReturnType<typeof pageAfter>> {
  const until = clock.monotonic() + wait.ms;
  for (;;) {
    if (mailbox.inbox.closed) throw new ContractError("session_not_found");
    const now = clock.monotonic();
    const page = pageAfter(mailbox, after, { entries: limit, chars: listedChars }, now, "cursor");
    if (page.items.length > 0 || now >= until) return page;
    const signal = wait.signal();
    signal.throwIfAborted();
    await mailbox.changed(until, signal);
  }
}

function itemsNamed(mailbox: Mailbox, interactionId: string): { items: InboxItem[]; cursor: number } {
  const item = mailbox.inbox.item(interactionId);
  return { items: item === undefined ? [] : [item], cursor: mailbox.position };
}

function listed(
  item: InboxItem,
  accepted: AcceptedRecord,
  question: string | undefined,
  now: number,
): ListedInteraction {
  const interaction = interactionOf(item, accepted);
  const { interaction_id, from, kind, received_at, expires_at, trust } = interaction;
  return {
    cursor: shownFrom(item),
    interaction_id,
    from,
    kind,
    received_at,
    ...(expires_at === undefined ? {} : { expires_at }),
    state: stateOf(item, now),
    text: shortened(textOf(accepted.command), longestText),
    ...(interaction.kind === "peer_request" ? { intent: interaction.intent } : {}),
    ...(interaction.kind === "peer_response"
      ? { in_reply_to: interaction.in_reply_to, status: interaction.status }
      : {}),
    ...(question === undefined ? {} : { question }),
    ...(trust === undefined ? {} : { trust }),
  };
}

/** What an answer answers: the session's own request, while it is kept. */
async function questionOf(
  { kind }: InboxItem,
  { command }: AcceptedRecord,
  mailboxes: Mailboxes,
  sessionId: string,
): Promise<string | undefined> {
  if (kind !== "peer_response" || command.kind !== "peer_response") return undefined;
  const found = await mailboxes.find(command.in_reply_to);
  if (found === undefined || mailboxes.heirOf(found.item.sender.session_id) !== sessionId) return undefined;
  const { item, mailbox } = found;
  const asked = await mailbox.during(() => mailbox.commands([item]));
  return shortened(textOf(asked.get(item.seq)!.command), longestQuestion);
}

function stateOf(item: InboxItem, now: number): ListedInteraction["state"] {
  if (item.held) return "held";
  if (!isShown(item, now)) return "ended";
  return isClaimed(item, now) ? "claimed" : "waiting";
}
