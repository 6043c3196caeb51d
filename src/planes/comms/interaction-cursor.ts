import { isDerived } from "./derived-id.js";
import { type EventRecord, isIngested, isTerminal } from "./event-record.js";

/** One interaction's part of a session's log. */
export class InteractionCursor {
  /** Last position given out; ahead of `published` while writes are under way. */
  assigned = 0;
  /** Last position that readers see. */
  published = 0;
  /** Session sequence of the first event that this process knows, 0 without one. */
  firstSequence = 0;
  /** Position of that event in the interaction. */
  firstPublished = 0;
  /** Session sequence of the last event. */
  lastSequence = 0;
  /** A terminal event is written or on its way: nothing may follow. */
  sealed = false;
  /** The terminal event is durable. */
  ended = false;
  /** It is written, or on its way, that the host made the command its own. */
  ingested = false;
  // Most interactions have none of these, and there may be hundreds of thousands.
  #ids: Set<string> | undefined;
  #answered: Set<string> | undefined;
  #listeners: Set<() => void> | undefined;

  /** Whether the repeatable event with the id is written or on its way. */
  has(id: string): boolean {
    return this.#ids?.has(id) === true;
  }

  add(id: string): void {
    this.#ids ??= new Set();
    this.#ids.add(id);
  }

  /** Whether the answer's event with the id is durable. */
  hasAnswer(id: string): boolean {
    return this.#answered?.has(id) === true;
  }

  addAnswer(id: string): void {
    this.#answered ??= new Set();
    this.#answered.add(id);
  }

  /** Called after each event that became durable. */
  get listeners(): Set<() => void> {
    this.#listeners ??= new Set();
    return this.#listeners;
  }

  tell(): void {
    if (this.#listeners !== undefined) for (const listener of this.#listeners) listener();
  }

  /** Takes in an event that is durable. */
  publish(record: EventRecord): void {
    this.published = record.interactionSequence;
    this.assigned = Math.max(this.assigned, this.published);
    if (this.firstSequence === 0) {
      this.firstSequence = record.sequence;
      this.firstPublished = record.interactionSequence;
    }
    this.lastSequence = record.sequence;
    if (isIngested(record)) this.ingested = true;
    else if (isDerived(record.eventId) && record.kind !== "interaction_started") this.add(record.eventId);
    if (record.kind === "peer_response_received") this.addAnswer(record.eventId);
    if (isTerminal(record.kind)) {
      this.sealed = true;
      this.ended = true;
    }
  }

  /** Takes back an event that did not become durable. */
  rollBack(record: EventRecord): void {
    this.#ids?.delete(record.eventId);
    this.assigned = this.published;
    if (isIngested(record)) this.ingested = false;
    if (isTerminal(record.kind)) this.sealed = this.ended;
  }
}
