import { derivedId } from "./derived-id.js";
import type { InboxItem } from "./inbox.js";
import type { AnsweredEntry } from "./inbox-entry.js";
import { Mailbox } from "./mailbox.js";
import type { CommsLimits, CommsPorts, DirectorySession } from "./ports.js";
import { Reservations } from "./reservations.js";
import { retentionTime } from "./retention-time.js";

const sweepEveryMs = 60_000;

/** An interaction and the session that holds it. */
export interface FoundInteraction {
  session: DirectorySession;
  mailbox: Mailbox;
  item: InboxItem;
}

/** The mailboxes of all sessions, each loaded when it is first touched. */
export class Mailboxes {
  readonly reservations: Reservations;
  readonly #ports: CommsPorts;
  readonly #limits: CommsLimits;
  readonly #retentionNow: () => number;
  readonly #loaded = new Map<string, Mailbox>();
  readonly #loading = new Map<string, Promise<Mailbox>>();
  #stopSweep: (() => void) | undefined;
  #stopped = false;

  constructor(ports: CommsPorts, limits: CommsLimits) {
    this.#ports = ports;
    this.#limits = limits;
    this.#retentionNow = retentionTime(ports.clock);
    this.reservations = new Reservations(ports.clock, limits.reservationTtlMs);
  }

  /** The session's mailbox; at once when it is in memory. */
  get(sessionId: string): Mailbox | Promise<Mailbox> {
    return this.#loaded.get(sessionId) ?? this.#load(sessionId);
  }

  async find(interactionId: string): Promise<FoundInteraction | undefined> {
    for (const session of this.#ports.directory.byIdSuffix(interactionId.slice(-8))) {
      const mailbox = await this.get(session.sessionId);
      const item = mailbox.inbox.item(interactionId);
      if (item !== undefined) return { session, mailbox, item };
    }
    return undefined;
  }

  /** Touches every session once, so that what a crash left half-done is repaired without anybody asking. */
  async repairAll(): Promise<void> {
    const { directory } = this.#ports;
    for (const { sessionId } of directory.all()) {
      if (this.#stopped) return;
      await this.get(sessionId);
    }
    for (const { sessionId } of directory.closed()) {
      if (this.#stopped) return;
      await (await this.get(sessionId)).close();
    }
  }

  startSweeps(): void {
    this.#stopSweep = this.#ports.clock.after(sweepEveryMs, () => {
      void this.#sweep().finally(() => {
        if (!this.#stopped) this.startSweeps();
      });
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#stopSweep?.();
    this.reservations.close();
    await Promise.all([...this.#loaded.values()].map((mailbox) => mailbox.stop()));
  }

  async #sweep(): Promise<void> {
    for (const mailbox of [...this.#loaded.values()]) {
      if (this.#stopped) return;
      try {
        await mailbox.sweep();
      } catch (err) {
        this.#ports.log.warn({ err, session_id: mailbox.sessionId }, "A log was not swept.");
      }
    }
  }

  #load(sessionId: string): Promise<Mailbox> {
    const under = this.#loading.get(sessionId);
    if (under !== undefined) return under;
    const mailbox = new Mailbox(sessionId, {
      ports: this.#ports,
      limits: this.#limits,
      reservations: this.reservations,
      queueAnswer: (answer) => this.#queueAnswer(answer),
      retentionNow: this.#retentionNow,
    });
    const loading = mailbox
      .load()
      .then(() => {
        this.#loaded.set(sessionId, mailbox);
        return mailbox;
      })
      .finally(() => this.#loading.delete(sessionId));
    this.#loading.set(sessionId, loading);
    return loading;
  }

  /** The answer as a command in the asker's inbox: its id follows from the answer's, so a repeat finds the first. */
  async #queueAnswer(answer: AnsweredEntry): Promise<void> {
    if (answer.queue === undefined) return;
    const { session_id: sessionId, interaction_id: interactionId } = answer.queue;
    const mailbox = await this.get(sessionId);
    await mailbox.accept(
      derivedId(answer.envelope_id, "queued"),
      mailbox.stamp({
        t: "accepted",
        interaction_id: interactionId,
        envelope_id: answer.envelope_id,
        sender: answer.sender,
        command: answer.command,
        receipt: answer.receipt,
        reserved: false,
        surface: answer.surface,
        ...(answer.traceparent === undefined ? {} : { traceparent: answer.traceparent }),
      }),
    );
  }
}
