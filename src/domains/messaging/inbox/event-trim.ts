import type { EventLog } from "../events/event-log.js";
import { answerDeliveredId, answerId, movedId, releasedId } from "../events/interaction-events.js";
import type { CommsLimits, CommsPorts } from "../ports.js";
import type { Inbox } from "./inbox.js";
import type { TrimmedEntry } from "./inbox-entry.js";
import type { InboxItem } from "./inbox-item.js";

/** Interactions listed in one entry, well below the size of an entry. */
const trimmedListed = 2_000;
const trimRetryMs = 10_000;

export interface EventTrimOptions {
  ports: CommsPorts;
  limits: Pick<CommsLimits, "sessionEventsMax" | "sessionKeepMs" | "interactionKeepMs">;
  inbox: Inbox;
  events: EventLog;
  /** Writes the entry to the inbox's log. */
  note: (entry: Omit<TrimmedEntry, "at">) => Promise<unknown>;
  /** Nothing more will come of it and nobody reads it now. */
  isOver: (item: InboxItem) => boolean;
  /** It is no dead letter, or its letter is known to be written. */
  hasLetter: (item: InboxItem) => boolean;
  forget: (item: InboxItem) => void;
}

/** Lets go of a session's old events in the background: when there are too many, and in a sweep by their age. */
export class EventTrim {
  readonly #options: EventTrimOptions;
  #underWay: Promise<void> | undefined;
  #againAt = 0;
  #stopped = false;

  constructor(options: EventTrimOptions) {
    this.#options = options;
  }

  /** Nothing is under way and nothing waits for another try. */
  isIdle(now: number): boolean {
    return this.#underWay === undefined && this.#againAt <= now;
  }

  /** Resolves when what was begun is done. */
  async done(): Promise<void> {
    await this.#underWay;
  }

  /** Begins nothing more. */
  stop(): void {
    this.#stopped = true;
  }

  /** Begins when there are too many; with the time given, wall milliseconds, also when some are too old. */
  start(now?: number): void {
    const { ports, events, limits } = this.#options;
    if (this.#stopped || ports.clock.monotonic() < this.#againAt) return;
    const byAge = now === undefined ? 0 : this.#firstByAge(now - limits.sessionKeepMs);
    const first = Math.max(this.#firstByCount(), byAge);
    if (first <= events.first) return;
    this.#underWay ??= this.#trim(first)
      .catch((err: unknown) => {
        this.#againAt = ports.clock.monotonic() + trimRetryMs;
        ports.log.warn({ err }, "Old events were not trimmed.");
      })
      .finally(() => {
        this.#underWay = undefined;
      });
  }

  /** Wall time from which on a sweep finds events that are too old, if nothing changes. */
  agedAt(): number {
    const { inbox, events, limits, isOver } = this.#options;
    const mark = events.firstMark;
    if (mark === undefined) return Number.POSITIVE_INFINITY;
    let at = mark.at + limits.sessionKeepMs;
    for (const item of inbox.items()) {
      const { firstSequence } = events.interaction(item.interactionId);
      if (firstSequence === 0 || firstSequence >= mark.sequence) continue;
      if (!isOver(item)) return Number.POSITIVE_INFINITY;
      at = Math.max(at, (item.endedAt ?? 0) + limits.interactionKeepMs);
    }
    return at;
  }

  #firstByCount(): number {
    const { events } = this.#options;
    const eventsMax = this.#options.limits.sessionEventsMax;
    const { first, last } = events;
    // Some above the limit, so that not every event trims one.
    const slack = Math.max(64, Math.floor(eventsMax / 8));
    return last - first + 1 <= eventsMax + slack ? 0 : last - eventsMax + 1;
  }

  #firstByAge(before: number): number {
    return Math.min(this.#options.events.markBefore(before) ?? 0, this.#neededFrom());
  }

  /** Position of the first event of an interaction that can still be read by its id. */
  #neededFrom(): number {
    const { inbox, events } = this.#options;
    let first = Number.POSITIVE_INFINITY;
    for (const { interactionId } of inbox.items()) {
      const { firstSequence } = events.interaction(interactionId);
      if (firstSequence > 0 && firstSequence < first) first = firstSequence;
    }
    return first;
  }

  /** First the note about what goes, then the trim: a crash between them repeats the trim. */
  async #trim(first: number): Promise<void> {
    const { ports, inbox, events, note, isOver, hasLetter, forget } = this.#options;
    const list = ports.ids.uuid();
    let interactions: TrimmedEntry["interactions"] = {};
    let listed = 0;
    for (const item of [...inbox.items()]) {
      const cursor = events.interaction(item.interactionId);
      if (cursor.published === 0 || cursor.firstSequence >= first) continue;
      if (isOver(item) && hasLetter(item) && cursor.lastSequence < first) {
        forget(item);
        continue;
      }
      interactions[item.interactionId] = {
        last: cursor.published,
        sealed: cursor.ended,
        answers: item.answers.filter((answer) => cursor.hasAnswer(answerId(answer))).length,
        ...(cursor.ingestedDurably ? { ingested: true } : {}),
        ...(item.release !== undefined && cursor.has(releasedId(item)) ? { released: true } : {}),
      };
      const told = item.moves.map(({ state }) => state).filter((state) => cursor.has(movedId(item, state)));
      if (told.length > 0) interactions[item.interactionId]!.moved = told;
      const { questions } = cursor;
      if (questions.length > 0 && !cursor.ended) interactions[item.interactionId]!.questions = [...questions];
      const answered = item.questionAnswers
        .map(({ envelopeId }) => envelopeId)
        .filter((envelopeId) => cursor.has(answerDeliveredId(envelopeId)));
      if (answered.length > 0) interactions[item.interactionId]!.answered = answered;
      listed += 1;
      if (listed % trimmedListed > 0) continue;
      await note({ t: "trimmed", list, interactions, more: true });
      interactions = {};
    }
    await note({ t: "trimmed", list, interactions });
    await events.trim(first);
  }
}
