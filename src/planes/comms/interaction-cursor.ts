import { isDerived } from "./derived-id.js";
import { type EventRecord, isTerminal } from "./event-record.js";

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
  terminal: EventRecord | undefined;
  /** Ids of repeatable events that are written or on their way. */
  readonly ids = new Set<string>();
  /** Ids of answers' events that are durable. */
  readonly answered = new Set<string>();
  readonly listeners = new Set<() => void>();

  /** Takes in an event that is durable. */
  publish(record: EventRecord): void {
    this.published = record.interactionSequence;
    this.assigned = Math.max(this.assigned, this.published);
    if (this.firstSequence === 0) {
      this.firstSequence = record.sequence;
      this.firstPublished = record.interactionSequence;
    }
    this.lastSequence = record.sequence;
    if (isDerived(record.eventId)) this.ids.add(record.eventId);
    if (record.kind === "peer_response_received") this.answered.add(record.eventId);
    if (isTerminal(record.kind)) {
      this.sealed = true;
      this.ended = true;
      this.terminal = record;
    }
  }

  /** Takes back an event that did not become durable. */
  rollBack(record: EventRecord): void {
    this.ids.delete(record.eventId);
    this.assigned = this.published;
    if (isTerminal(record.kind)) this.sealed = this.ended;
  }
}
