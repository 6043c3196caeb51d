import type { EventLog } from "../events/event-log.js";
import {
  answerDeliveredId,
  answerId,
  movedId,
  releasedId,
  terminalId,
} from "../events/interaction-events.js";
import type { TrimmedEntry } from "./inbox-entry.js";
import type { InboxItem } from "./inbox-item.js";

type Interactions = TrimmedEntry["interactions"];

/** Puts the list of trimmed interactions together from its parts, while a log is read. */
export class TrimmedList {
  #list = "";
  #interactions: Interactions = {};

  /** The whole list when this was its last part. */
  take({ interactions, list, more }: TrimmedEntry): Interactions | undefined {
    // A list that a crash cut short counts for nothing.
    if (this.#list !== list) this.#interactions = {};
    this.#list = list;
    Object.assign(this.#interactions, interactions);
    return more ? undefined : this.#interactions;
  }
}

/** Restores what the list contains about an item: the events that were trimmed had been written. */
export function recallTrimmed(item: InboxItem, known: Interactions[string], events: EventLog): void {
  const cursor = events.interaction(item.interactionId);
  cursor.recall(known);
  for (const answer of item.answers.slice(0, known.answers)) {
    cursor.add(answerId(answer));
    cursor.addAnswer(answerId(answer));
  }
  for (const state of known.moved ?? []) cursor.add(movedId(item, state));
  for (const envelopeId of known.answered ?? []) cursor.add(answerDeliveredId(envelopeId));
  if (known.released) cursor.add(releasedId(item));
  if (known.sealed) cursor.add(terminalId(item));
}
