import { isDerived } from "../../../lib/derived-id.js";
import type { TrimmedEvents } from "../inbox/inbox-entry.js";
import { type EventRecord, eventOf, isIngested, isTerminal } from "./event-record.js";

/** Questions of one interaction that can be answered; the oldest go first. */
const questionsKept = 256;

type RecalledEvents = Pick<TrimmedEvents, "last" | "sealed" | "questions"> & { ingested?: boolean };

/** One interaction's part of a session's log. */
export class InteractionCursor {
  /** Last position given to an event; ahead of `published` while events are in flight. */
  assigned = 0;
  /** Last position that readers see. */
  published = 0;
  /** Session sequence of the first event that this process knows, 0 without one. */
  firstSequence = 0;
  /** Position of that event in the interaction. */
  firstPublished = 0;
  /** Session sequence of the last event. */
  lastSequence = 0;
  /** A terminal event is durable or in flight: no event may follow. */
  sealed = false;
  /** The terminal event is durable. */
  ended = false;
  /** The event that the host ingested the command is durable or in flight. */
  ingested = false;
  /** That event is durable. */
  ingestedDurably = false;
  // Most interactions have none of these, and there may be hundreds of thousands.
  #ids: Set<string> | undefined;
  #answered: Set<string> | undefined;
  #questions: Set<string> | undefined;
  #listeners: Set<() => void> | undefined;

  /** Whether the repeatable event with the id is durable. */
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

  /** Whether the host has asked the question, durably. */
  hasQuestion(requestId: string): boolean {
    return this.#questions?.has(requestId) === true;
  }

  addQuestion(requestId: string): void {
    this.#questions ??= new Set();
    this.#questions.delete(requestId);
    this.#questions.add(requestId);
    if (this.#questions.size > questionsKept) this.#questions.delete(this.#questions.values().next().value!);
  }

  /** The host's questions, oldest first. */
  get questions(): readonly string[] {
    return this.#questions === undefined ? [] : [...this.#questions];
  }

  /** Called after each event that became durable. */
  get listeners(): Set<() => void> {
    this.#listeners ??= new Set();
    return this.#listeners;
  }

  notify(): void {
    if (this.#listeners !== undefined) for (const listener of this.#listeners) listener();
  }

  /** Moves to an event that is now in flight. */
  assign(record: EventRecord): void {
    this.assigned = record.interactionSequence;
    if (isIngested(record)) this.ingested = true;
    if (isTerminal(record.kind)) this.sealed = true;
  }

  /** Back to what is published: nothing is in flight any more. */
  revert(): void {
    this.assigned = this.published;
    this.sealed = this.ended;
    this.ingested = this.ingestedDurably;
  }

  /** Restores what is known about events that were trimmed. */
  recall({ last, sealed, ingested = false, questions = [] }: RecalledEvents): void {
    for (const requestId of questions) this.addQuestion(requestId);
    this.published = last;
    this.ended = sealed;
    this.ingestedDurably = ingested;
    this.revert();
  }

  /** Moves to an event that is durable. */
  publish(record: EventRecord): void {
    this.published = record.interactionSequence;
    this.assigned = Math.max(this.assigned, this.published);
    if (this.firstSequence === 0) {
      this.firstSequence = record.sequence;
      this.firstPublished = record.interactionSequence;
    }
    this.lastSequence = record.sequence;
    if (isIngested(record)) {
      this.ingested = true;
      this.ingestedDurably = true;
    } else if (isDerived(record.eventId) && record.kind !== "interaction_started") this.add(record.eventId);
    if (record.kind === "peer_response_received") this.addAnswer(record.eventId);
    if (record.kind === "interaction_input_required") this.#ask(record);
    if (isTerminal(record.kind)) {
      this.sealed = true;
      this.ended = true;
    }
  }

  #ask(record: EventRecord): void {
    const event = eventOf(record);
    if (event.kind === "interaction_input_required") this.addQuestion(event.request_id);
  }
}
