import type { EventLog } from "./event-log.js";
import type { Inbox } from "./inbox.js";
import type { TrimmedEntry } from "./inbox-entry.js";
import type { InboxItem } from "./inbox-item.js";
import { answerId, movedId, releasedId } from "./interaction-events.js";
import type { CommsPorts } from "./ports.js";

/** Interactions listed in one entry, well below the size of an entry. */
const trimmedListed = 2_000;
const trimRetryMs = 10_000;

export interface EventTrimOptions {
  ports: CommsPorts;
  eventsMax: number;
  inbox: Inbox;
  events: EventLog;
  /** Writes the entry to the inbox's log. */
  note: (entry: Omit<TrimmedEntry, "at">) => Promise<unknown>;
  /** Nothing more will come of it and nobody reads it now. */
  isOver: (item: InboxItem) => boolean;
  forget: (item: InboxItem) => void;
}

/** Lets go of a session's old events in the background when there are too many. */
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

  /** Begins when there are too many. */
  start(): void {
    if (this.#stopped) return;
    const { ports, eventsMax, events } = this.#options;
    const { first, last } = events;
    // Some above the limit, so that not every event trims one.
    const slack = Math.max(64, Math.floor(eventsMax / 8));
    if (last - first + 1 <= eventsMax + slack || ports.clock.monotonic() < this.#againAt) return;
    this.#underWay ??= this.#trim(last - eventsMax + 1)
      .catch((err: unknown) => {
        this.#againAt = ports.clock.monotonic() + trimRetryMs;
        ports.log.warn({ err }, "Old events were not trimmed.");
      })
      .finally(() => {
        this.#underWay = undefined;
      });
  }

  /** First the note about what goes, then the trim: a crash between them repeats the trim. */
  async #trim(first: number): Promise<void> {
    const { ports, inbox, events, note, isOver, forget } = this.#options;
    const list = ports.ids.uuid();
    let interactions: TrimmedEntry["interactions"] = {};
    let listed = 0;
    for (const item of [...inbox.items()]) {
      const cursor = events.interaction(item.interactionId);
      if (cursor.published === 0 || cursor.firstSequence >= first) continue;
      if (isOver(item) && cursor.lastSequence < first) {
        forget(item);
        continue;
      }
      interactions[item.interactionId] = {
        last: cursor.published,
        sealed: cursor.ended,
        answers: item.answers.filter((answer) => cursor.hasAnswer(answerId(answer))).length,
        ...(cursor.ingested ? { ingested: true } : {}),
        ...(item.release !== undefined && cursor.has(releasedId(item)) ? { released: true } : {}),
      };
      const told = item.moves.map(({ state }) => state).filter((state) => cursor.has(movedId(item, state)));
      if (told.length > 0) interactions[item.interactionId]!.moved = told;
      listed += 1;
      if (listed % trimmedListed > 0) continue;
      await note({ t: "trimmed", list, interactions, more: true });
      interactions = {};
    }
    await note({ t: "trimmed", list, interactions });
    await events.trim(first);
  }
}
