import type { AgentEvent } from "../../generated/types.js";
import { derivedId } from "./derived-id.js";
import type { NewEvent } from "./event-log.js";
import type { Answer, InboxItem } from "./inbox.js";
import type { Ending } from "./inbox-entry.js";
import type { InteractionCursor } from "./interaction-cursor.js";

/** The interaction's own id as one that follows from it: an interaction starts once. */
function startedId({ interactionId }: InboxItem): string {
  return `${interactionId.slice(0, 14)}8${interactionId.slice(15)}`;
}

export function answerId(answer: Answer): string {
  return derivedId(answer.entry.envelope_id, "answer");
}

export function terminalId(item: InboxItem): string {
  return derivedId(item.interactionId, "terminal");
}

/**
 * The daemon's own events that the inbox's log calls for and the event log does not have yet, in order. The same rule
 * writes them when all goes well and repairs them after a crash; their ids follow from what they tell, so none comes twice.
 */
export function dueEvents(item: InboxItem, cursor: InteractionCursor): NewEvent[] {
  if (cursor.sealed) return [];
  const due: NewEvent[] = [];
  const add = (id: string, event: AgentEvent): void => {
    if (cursor.has(id)) return;
    cursor.add(id);
    due.push({ id, interactionId: item.interactionId, event });
  };
  const { interactionId, surface, kind: command, sender } = item;
  // It is the first event of every interaction: where there is one, this one was.
  if (cursor.assigned === 0)
    due.push({
      id: startedId(item),
      interactionId,
      event: { kind: "interaction_started", surface, command, from: sender.name },
    });
  for (const answer of item.answers) add(answerId(answer), responseReceived(answer));
  if (item.ending !== undefined) add(terminalId(item), terminalEvent(item.ending));
  return due;
}

function responseReceived({ entry }: Answer): AgentEvent {
  const { in_reply_to, status, result } = entry.command;
  return { kind: "peer_response_received", in_reply_to, from: entry.sender.name, status, result };
}

function terminalEvent(ending: Ending): AgentEvent {
  if (ending.kind === "failed") return { kind: "interaction_failed", reason: ending.reason };
  const { result, usage } = ending;
  return { kind: "interaction_complete", result, ...(usage === undefined ? {} : { usage }) };
}
