import type { AgentEvent } from "../../generated/types.js";
import { derivedId } from "./derived-id.js";
import type { NewEvent } from "./event-log.js";
import type { Answer, InboxItem } from "./inbox.js";
import type { Ending } from "./inbox-entry.js";
import type { InteractionCursor } from "./interaction-cursor.js";

export function startedId(item: InboxItem): string {
  return derivedId(item.interactionId, "started");
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
    if (cursor.ids.has(id)) return;
    cursor.ids.add(id);
    due.push({ id, interactionId: item.interactionId, event });
  };
  const { surface, kind: command, sender } = item;
  add(startedId(item), { kind: "interaction_started", surface, command, from: sender.name });
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
