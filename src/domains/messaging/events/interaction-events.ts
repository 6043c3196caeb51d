import type { AgentEvent, DeliveryState } from "../../../generated/types.js";
import { isoTime } from "../../../kernel/clock.js";
import { derivedId } from "../../../lib/derived-id.js";
import { deliveredAt, type GivenAnswer } from "../host/question-answers.js";
import type { Ending, MovedState, Undelivered } from "../inbox/inbox-entry.js";
import type { Answer, InboxItem } from "../inbox/inbox-item.js";
import type { NewEvent } from "./event-log.js";
import type { InteractionCursor } from "./interaction-cursor.js";

/** An id of version 7 as one that follows from it. */
function following(id: string): string {
  return `${id.slice(0, 14)}8${id.slice(15)}`;
}

/** An interaction starts once. */
function startedId({ interactionId }: InboxItem): string {
  return following(interactionId);
}

/** A command is made a host's own once. */
function ingestedId({ envelopeId }: InboxItem): string {
  return following(envelopeId);
}

export function releasedId({ interactionId }: InboxItem): string {
  return derivedId(interactionId, "released");
}

export function movedId({ interactionId }: InboxItem, state: MovedState): string {
  return derivedId(interactionId, "moved", state);
}

function undeliveredId({ interactionId }: InboxItem): string {
  return derivedId(interactionId, "undelivered");
}

export function answerId(answer: Answer): string {
  return derivedId(answer.entry.envelope_id, "answer");
}

/** The answer to a question that came in the envelope is delivered once. */
export function answerDeliveredId(envelopeId: string): string {
  return derivedId(envelopeId, "answer delivered");
}

export function terminalId(item: InboxItem): string {
  return derivedId(item.interactionId, "terminal");
}

/**
 * The daemon's own events that follow from the inbox's log and are not durable yet, in order. The same rule writes them
 * while the daemon runs and repairs them after a crash. Their ids derive from their content, so that the event log issues
 * none of them twice. `emittedAt` (wall milliseconds) is set when the host's own events come behind them: with its first
 * event a host ingests the command.
 */
export function dueEvents(item: InboxItem, cursor: InteractionCursor, emittedAt?: number): NewEvent[] {
  if (cursor.sealed) return [];
  const due: NewEvent[] = [];
  const add = (id: string, event: AgentEvent): void => {
    if (!cursor.has(id)) due.push({ id, interactionId: item.interactionId, event });
  };
  const { interactionId, surface, kind: command, sender } = item;
  // It is the first event of every interaction: where there is one, this one was.
  if (cursor.assigned === 0)
    due.push({
      id: startedId(item),
      interactionId,
      event: { kind: "interaction_started", surface, command, from: sender.name },
    });
  const { release, ending } = item;
  if (release?.decision === "deliver") add(releasedId(item), moved(item, "delivered", release.at));
  for (const { state, at, reason } of item.moves)
    if (state !== "ingested") add(movedId(item, state), moved(item, state, at, reason));
  const at = emittedAt ?? ingestedAt(item);
  if (at !== undefined && !cursor.ingested)
    due.push({ id: ingestedId(item), interactionId, event: moved(item, "ingested", at) });
  for (const answer of item.questionAnswers) {
    const delivered = deliveredAt(answer);
    if (delivered !== undefined)
      add(answerDeliveredId(answer.envelopeId), answerDelivered(answer, delivered));
  }
  for (const answer of item.answers) add(answerId(answer), responseReceived(answer));
  if (ending === undefined) return due;
  // The copy of an answer is not its delivery: that was the append to its interaction.
  if (ending.kind === "failed" && at === undefined && !cursor.ingested && command !== "peer_response")
    add(undeliveredId(item), moved(item, ending.undelivered, item.endedAt ?? 0, ending.reason.message));
  add(terminalId(item), terminalEvent(ending));
  return due;
}

/** Something that came of a command from another daemon, for the log there. */
export interface Outcome {
  readonly id: string;
  readonly event: AgentEvent;
  /** With the failure of a command that no host made its own. */
  readonly undelivered?: Undelivered;
  /** With an answer, when it came with one. */
  readonly traceparent?: string | undefined;
}

/**
 * All that has come of the item, in order, as far as its sender's daemon has to know: how it was delivered, questions of
 * its host, answers, the end. An answer that ends it says so itself. Ids follow from what they tell.
 */
export function outcomesOf(
  item: InboxItem,
  cursor: InteractionCursor,
  now: number,
  questions: readonly Outcome[] = [],
): Outcome[] {
  const { release, answers, ending } = item;
  const outcomes: Outcome[] = [];
  if (release?.decision === "deliver")
    outcomes.push({ id: releasedId(item), event: moved(item, "delivered", release.at) });
  if (cursor.ingestedDurably || ingestedAt(item) !== undefined)
    outcomes.push({ id: ingestedId(item), event: moved(item, "ingested", ingestedAt(item) ?? now) });
  outcomes.push(...questions);
  for (const answer of answers)
    outcomes.push({
      id: answerId(answer),
      event: responseReceived(answer),
      traceparent: answer.entry.traceparent,
    });
  if (ending === undefined || answers.at(-1)?.entry.command.status === statusOf(ending)) return outcomes;
  outcomes.push({
    id: terminalId(item),
    event: terminalEvent(ending),
    ...(ending.kind === "failed" && !cursor.ingestedDurably ? { undelivered: ending.undelivered } : {}),
  });
  return outcomes;
}

/** What an answer that ends an interaction this way says. */
function statusOf(ending: Ending): "completed" | "failed" {
  return ending.kind === "complete" ? "completed" : "failed";
}

/** Wall time of the host's answer or result; undefined while there is none. */
function ingestedAt({ moves, answers, ending, endedAt }: InboxItem): number | undefined {
  const told = moves.length === 0 ? undefined : moves.find(({ state }) => state === "ingested");
  return told?.at ?? answers[0]?.at ?? (ending?.kind === "complete" ? endedAt : undefined);
}

function moved({ envelopeId }: InboxItem, state: DeliveryState, at: number, reason?: string): AgentEvent {
  const event = { kind: "delivery_updated" as const, envelope_id: envelopeId, state, at: isoTime(at) };
  return reason === undefined ? event : { ...event, reason };
}

function answerDelivered({ requestId, envelopeId }: GivenAnswer, at: number): AgentEvent {
  const moved = { kind: "delivery_updated" as const, envelope_id: envelopeId, state: "delivered" as const };
  return { ...moved, at: isoTime(at), request_id: requestId };
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
