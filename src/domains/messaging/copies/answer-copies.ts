import type { Clock } from "../../../kernel/clock.js";
import type { Logger } from "../../../kernel/logger.js";
import { derivedId } from "../../../lib/derived-id.js";
import type { AcceptedEntry, AnsweredEntry } from "../inbox/inbox-entry.js";
import type { Mailbox } from "../inbox/mailbox.js";
import type { SessionDirectory } from "../ports.js";

const firstRetryMs = 1_000;
const longestRetryMs = 60_000;

/** One copy on its way into its asker's inbox. */
interface Copy {
  readonly order: number;
  readonly answer: AnsweredEntry;
  readonly interactionId: string;
  readonly held: boolean;
  /** Called when the copy is stored, or is no longer wanted. */
  readonly made: () => void;
}

/** Copies for one asker. */
interface Lane {
  readonly sessionId: string;
  /** In the order of their answers. */
  waiting: Copy[];
  readonly inFlight: Set<Promise<void>>;
  /** The asker's mailbox is being loaded. */
  loading: Promise<void> | undefined;
  failures: number;
  stopTimer: (() => void) | undefined;
}

export interface AnswerCopiesOptions {
  clock: Clock;
  log: Logger;
  directory: SessionDirectory;
  /** Wall time that never runs ahead of what the process lived through. */
  retentionNow: () => number;
  mailboxOf: (sessionId: string) => Mailbox | Promise<Mailbox>;
}

/**
 * Writes the copies of answers into the inboxes of their askers, in the background: no host waits for it. A copy follows
 * from its answer, under an id that follows from the answer's, so that a repeat after a crash finds the first.
 */
export class AnswerCopies {
  readonly #options: AnswerCopiesOptions;
  readonly #lanes = new Map<string, Lane>();
  #orders = 0;
  #stopped = false;

  constructor(options: AnswerCopiesOptions) {
    this.#options = options;
  }

  /** Starts the copy of an answer that is queued with its asker; `made` is called once, unless the daemon stops before. */
  add(answer: AnsweredEntry, made: () => void): void {
    if (answer.queue === undefined || this.#stopped) return;
    const { session_id: sessionId, interaction_id: interactionId, held = false } = answer.queue;
    let lane = this.#lanes.get(sessionId);
    if (lane === undefined) {
      const empty = { waiting: [], loading: undefined, failures: 0, stopTimer: undefined };
      lane = { ...empty, sessionId, inFlight: new Set() };
      this.#lanes.set(sessionId, lane);
    }
    this.#orders += 1;
    lane.waiting.push({ order: this.#orders, answer, interactionId, held, made });
    this.#pump(lane);
  }

  /** Resolves when every copy for the session that is in flight now was tried; undefined without one. */
  tried(sessionId: string): Promise<unknown> | undefined {
    const lane = this.#lanes.get(sessionId);
    if (lane === undefined) return undefined;
    const { loading, inFlight } = lane;
    if (loading !== undefined) return loading.then(() => this.tried(sessionId));
    return inFlight.size === 0 ? undefined : Promise.all(inFlight);
  }

  /** Starts nothing more; resolves when what is in flight has been answered. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const { stopTimer } of this.#lanes.values()) stopTimer?.();
    await Promise.all([...this.#lanes.values()].flatMap(({ inFlight }) => [...inFlight]));
  }

  #pump(lane: Lane): void {
    if (this.#stopped || lane.loading !== undefined || lane.stopTimer !== undefined) return;
    const { directory, mailboxOf } = this.#options;
    const asker = directory.byId(lane.sessionId);
    if (asker === undefined || asker.closed) {
      for (const { made } of lane.waiting.splice(0)) made();
      this.#leave(lane);
      return;
    }
    const mailbox = mailboxOf(asker.sessionId);
    if (!(mailbox instanceof Promise)) {
      for (const copy of lane.waiting.splice(0)) this.#write(lane, mailbox, copy);
      this.#leave(lane);
      return;
    }
    lane.loading = mailbox
      .then(
        () => undefined,
        (err: unknown) => this.#retryLater(lane, err),
      )
      .finally(() => {
        lane.loading = undefined;
        this.#pump(lane);
      });
  }

  /** Appends go out in order without waiting for one another. */
  #write(lane: Lane, mailbox: Mailbox, copy: Copy): void {
    const { answer, made } = copy;
    if ((answer.expires_at ?? Number.POSITIVE_INFINITY) <= this.#options.retentionNow()) {
      made();
      return;
    }
    const writing = mailbox
      .accept(derivedId(answer.envelope_id, "queued"), mailbox.stamp(entryOf(copy)))
      .then(
        () => {
          lane.failures = 0;
          made();
        },
        (err: unknown) => {
          lane.waiting.push(copy);
          lane.waiting.sort((one, other) => one.order - other.order);
          this.#retryLater(lane, err);
        },
      )
      .finally(() => {
        lane.inFlight.delete(writing);
        this.#leave(lane);
      });
    lane.inFlight.add(writing);
  }

  /** The asker's log fails: its copies wait, and nothing else does. */
  #retryLater(lane: Lane, err: unknown): void {
    if (this.#stopped || lane.stopTimer !== undefined) return;
    const { clock, log } = this.#options;
    const delayMs = Math.min(longestRetryMs, firstRetryMs * 2 ** lane.failures);
    lane.failures += 1;
    log.warn(
      { err, session_id: lane.sessionId, retry_ms: delayMs },
      "Copies of answers could not be written to their asker's inbox; the answers are delivered. They are tried again.",
    );
    lane.stopTimer = clock.after(delayMs, () => {
      lane.stopTimer = undefined;
      this.#pump(lane);
    });
  }

  #leave(lane: Lane): void {
    const { waiting, inFlight, stopTimer } = lane;
    if (waiting.length === 0 && inFlight.size === 0 && stopTimer === undefined)
      this.#lanes.delete(lane.sessionId);
  }
}

function entryOf({ answer, interactionId, held }: Copy): AcceptedEntry {
  const { envelope_id, sender, command, surface, expires_at, traceparent } = answer;
  return {
    t: "accepted",
    interaction_id: interactionId,
    envelope_id,
    sender,
    command,
    reserved: false,
    surface,
    ...(held ? { held: true } : {}),
    ...(expires_at === undefined ? {} : { expires_at }),
    ...(traceparent === undefined ? {} : { traceparent }),
  };
}
