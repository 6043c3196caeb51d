import type { LinkAck, SendOptions } from "../../../generated/types.js";
import { isoTime } from "../../../kernel/clock.js";
import type { Ending, Undelivered } from "../inbox/inbox-entry.js";
import type { InboxItem } from "../inbox/inbox-item.js";
import type { Mailbox } from "../inbox/mailbox.js";
import type { Mailboxes } from "../inbox/mailboxes.js";
import type { CommsPorts, Links } from "../ports.js";
import type { FarSession } from "./far-session.js";
import type { FarSessions } from "./far-sessions.js";

const firstRetryMs = 1_000;
const longestRetryMs = 60_000;

/** How long an acknowledgement may take on a live link, milliseconds. */
const patienceMs = 30_000;

/** An envelope that left and is not acknowledged. */
interface Flight {
  readonly stopTimer: () => void;
  readonly session: FarSession;
  readonly interactionId: string;
}

/**
 * Sends what lies in the mailboxes of far sessions, oldest first, one at a time for each sender and recipient, and again
 * under the same envelope id until its daemon says what became of it. The mailbox's log is the truth about that.
 */
export class Outbox {
  readonly #ports: CommsPorts;
  readonly #links: Links;
  readonly #far: FarSessions;
  readonly #mailboxes: Mailboxes;
  readonly #flights = new Map<string, Flight>();
  /** Tries that were put off, by interaction. */
  readonly #putOff = new Map<string, number>();
  readonly #pumping = new Map<string, { again: boolean }>();
  readonly #timers = new Map<string, () => void>();
  /** Positions up to which an earlier process may have sent what is queued, by session. */
  readonly #doubtful = new Map<string, number>();
  #stopped = false;

  constructor(ports: CommsPorts, links: Links, far: FarSessions, mailboxes: Mailboxes) {
    this.#ports = ports;
    this.#links = links;
    this.#far = far;
    this.#mailboxes = mailboxes;
  }

  /** Something may be there to send to the session. */
  pump(session: FarSession): void {
    const under = this.#pumping.get(session.sessionId);
    if (under !== undefined) {
      under.again = true;
      return;
    }
    if (this.#stopped || !this.#links.isUp(session.endpointId)) return;
    const turn = { again: false };
    this.#pumping.set(session.sessionId, turn);
    this.#pump(session)
      .catch((err: unknown) => {
        this.#ports.log.warn({ err, session: session.name }, "What waits for a peer was not sent.");
        this.#pumpLater(session, firstRetryMs);
      })
      .finally(() => {
        this.#pumping.delete(session.sessionId);
        if (turn.again) this.pump(session);
      });
  }

  up(endpointId: string): void {
    for (const session of this.#far.used(endpointId)) this.pump(session);
  }

  /** What left and was not acknowledged may have arrived or not. */
  down(endpointId: string): void {
    // What is in doubt when the daemon stops is so after the next start: its log says that something may have left.
    if (this.#stopped) return;
    const lost = new Map<FarSession, Flight[]>();
    for (const [envelopeId, flight] of this.#flights) {
      const { session } = flight;
      if (session.endpointId !== endpointId) continue;
      this.#take(envelopeId);
      lost.set(session, [...(lost.get(session) ?? []), flight]);
    }
    for (const session of this.#far.used(endpointId))
      void this.#landed(session, lost.get(session) ?? [])
        .catch((err: unknown) =>
          this.#ports.log.warn({ err, session: session.name }, "That a delivery is in doubt was not stored."),
        )
        // The link may be up again by now, and have passed over what was still in doubt.
        .finally(() => this.pump(session));
  }

  /** The recipient's daemon says what became of an envelope. */
  async acknowledged(endpointId: string, ack: LinkAck): Promise<void> {
    const flight = this.#flights.get(ack.envelope_id);
    if (flight === undefined || flight.session.endpointId !== endpointId) return;
    this.#take(ack.envelope_id);
    const { session, interactionId } = flight;
    const mailbox = await this.#mailboxes.get(session.sessionId);
    const item = mailbox.inbox.item(interactionId);
    if (item === undefined) return;
    try {
      await mailbox.during(() => this.#note(mailbox, item, ack));
    } catch (err) {
      this.#ports.log.warn({ err, interaction_id: interactionId }, "An acknowledgement was not stored.");
      this.#delay(item, undefined);
    } finally {
      item.claiming = false;
      this.pump(session);
    }
  }

  /** The daemon is no longer paired: nothing more will come of what went, or was to go, there. */
  async removed(endpointId: string): Promise<void> {
    for (const session of this.#far.used(endpointId)) {
      const mailbox = await this.#mailboxes.get(session.sessionId);
      await mailbox.during(async () => {
        for (const item of [...mailbox.inbox.open])
          await mailbox.endAs(item, failure("dead", "abandoned", parted(item), false));
      });
    }
  }

  stop(): void {
    this.#stopped = true;
    for (const stop of this.#timers.values()) stop();
    for (const { stopTimer } of this.#flights.values()) stopTimer();
  }

  async #pump(session: FarSession): Promise<void> {
    const mailbox = await this.#mailboxes.get(session.sessionId);
    await mailbox.during(async () => {
      const now = this.#ports.clock.monotonic();
      const seen = new Set<string>();
      let next = Number.POSITIVE_INFINITY;
      for (const item of [...mailbox.inbox.open]) {
        const { sender } = item;
        // What comes behind waits for what is before it.
        if (!isUnsent(item) || mailbox.isEnding(item) || seen.has(sender.session_id)) continue;
        seen.add(sender.session_id);
        if (item.claiming) continue;
        if (item.notBefore > now) next = Math.min(next, item.notBefore);
        else await this.#send(session, mailbox, item);
      }
      if (next < Number.POSITIVE_INFINITY) this.#pumpLater(session, next - now);
    });
  }

  async #send(session: FarSession, mailbox: Mailbox, item: InboxItem): Promise<void> {
    item.claiming = true;
    let left = false;
    try {
      await this.#noteLinked(session, mailbox);
      const entry = (await mailbox.commands([item])).get(item.seq)!;
      if (item.ending !== undefined || mailbox.isEnding(item)) return;
      const { options, ...command } = entry.command;
      const said = { ...command, ...optionsOf(options) };
      const text = this.#links.seal(
        session.endpointId,
        {
          envelope_id: entry.envelope_id,
          from: entry.sender.name,
          from_id: entry.sender.session_id,
          to: session.record.name,
          to_id: session.peerId,
          kind: command.kind,
          interaction_id: entry.interaction_id,
          created_at: isoTime(this.#ports.clock.now()),
          expires_at: new Date(Math.min(item.expiresAt, farAway)).toISOString(),
          ...(entry.traceparent === undefined ? {} : { traceparent: entry.traceparent }),
        },
        JSON.stringify(said),
      );
      left = text !== undefined && this.#links.send(session.endpointId, { kind: "envelope", envelope: text });
      if (left) this.#fly(session, entry.envelope_id, item.interactionId);
    } finally {
      if (!left) item.claiming = false;
    }
  }

  #fly(session: FarSession, envelopeId: string, interactionId: string): void {
    const stopTimer = this.#ports.clock.after(patienceMs, () => {
      const flight = this.#take(envelopeId);
      if (flight !== undefined) void this.#overdue(flight);
    });
    this.#flights.set(envelopeId, { session, interactionId, stopTimer });
  }

  #take(envelopeId: string): Flight | undefined {
    const flight = this.#flights.get(envelopeId);
    flight?.stopTimer();
    this.#flights.delete(envelopeId);
    return flight;
  }

  /** The other daemon has not answered for long although it lives: it is asked again. */
  async #overdue({ session, interactionId }: Flight): Promise<void> {
    try {
      const mailbox = await this.#mailboxes.get(session.sessionId);
      const item = mailbox.inbox.item(interactionId);
      if (item === undefined) return;
      this.#delay(item, undefined);
      await mailbox.during(() => this.#doubt(mailbox, item, "It was not acknowledged for long."));
    } catch (err) {
      this.#ports.log.warn({ err, session: session.name }, "That a delivery is in doubt was not stored.");
    }
    this.pump(session);
  }

  async #doubt(mailbox: Mailbox, item: InboxItem, reason: string): Promise<void> {
    try {
      if (!mailbox.isEnding(item)) await mailbox.moveTo(item, "ambiguous", reason);
    } finally {
      item.claiming = false;
    }
  }

  /** Before the first envelope leaves, the log says that from now on some may. */
  async #noteLinked(session: FarSession, mailbox: Mailbox): Promise<void> {
    const { sessionId } = session;
    if (!mailbox.inbox.mayHaveLeft) await mailbox.write("session", { t: "linked", up: true });
    else if (!this.#doubtful.has(sessionId)) this.#doubtful.set(sessionId, mailbox.position);
    if (!this.#doubtful.has(sessionId)) this.#doubtful.set(sessionId, 0);
  }

  async #landed(session: FarSession, flights: readonly Flight[]): Promise<void> {
    const mailbox = await this.#mailboxes.get(session.sessionId);
    await mailbox.during(async () => {
      for (const { interactionId } of flights) {
        const item = mailbox.inbox.item(interactionId);
        if (item !== undefined)
          await this.#doubt(mailbox, item, "The link ended before it was acknowledged.");
      }
      const doubtful = this.#doubtful.get(session.sessionId) ?? 0;
      const clear = !mailbox.inbox.open.some(
        (item) => item.seq <= doubtful && item.moves.length === 0 && isUnsent(item),
      );
      const known = this.#doubtful.has(session.sessionId);
      if (known && clear && mailbox.inbox.mayHaveLeft && !this.#links.isUp(session.endpointId))
        await mailbox.write("session", { t: "linked", up: false });
    });
  }

  async #note(mailbox: Mailbox, item: InboxItem, ack: LinkAck): Promise<void> {
    const { state, code, message } = ack;
    if (state !== "later") this.#putOff.delete(item.interactionId);
    switch (state) {
      case "delivered":
      case "held":
        return mailbox.moveTo(item, state);
      case "ingested":
        await mailbox.moveTo(item, "delivered");
        return mailbox.moveTo(item, "ingested");
      case "expired":
        return mailbox.endAs(item, failure("expired", "expired", message ?? "It came too late.", true));
      case "refused":
        return mailbox.endAs(
          item,
          failure("refused", "rejected", message ?? "The recipient refuses it.", false),
        );
      case "dead":
        return mailbox.endAs(
          item,
          failure(
            "dead",
            "rejected",
            message ?? `The recipient's daemon refused it (${code ?? "no reason"}).`,
            false,
          ),
        );
      default:
        // `later`, or what only a later contract knows: nothing is settled.
        this.#delay(item, ack.retry_after_ms);
    }
  }

  /** Puts the next try off: 1 s, twice as long each time up to 60 s, and spread. */
  #delay(item: InboxItem, wished: number | undefined): void {
    const tries = (this.#putOff.get(item.interactionId) ?? 0) + 1;
    this.#putOff.set(item.interactionId, tries);
    const longest = Math.min(longestRetryMs, firstRetryMs * 2 ** (tries - 1));
    const spread = longest * (0.5 + (this.#ports.random?.() ?? 0.5) / 2);
    item.notBefore = this.#ports.clock.monotonic() + Math.min(longestRetryMs, Math.max(spread, wished ?? 0));
  }

  #pumpLater(session: FarSession, ms: number): void {
    this.#timers.get(session.sessionId)?.();
    if (this.#stopped) return;
    this.#timers.set(
      session.sessionId,
      this.#ports.clock.after(ms, () => {
        this.#timers.delete(session.sessionId);
        this.pump(session);
      }),
    );
  }
}

/** What the recipient's daemon has to know of the options; the rest is this daemon's. */
function optionsOf({ handling, in_reply_to }: SendOptions = {}): { options?: SendOptions } {
  if (handling === undefined && in_reply_to === undefined) return {};
  return {
    options: {
      ...(handling === undefined ? {} : { handling }),
      ...(in_reply_to === undefined ? {} : { in_reply_to }),
    },
  };
}

/** The last moment that a timestamp of the contract can say. */
const farAway = Date.UTC(9999, 11, 31);

/** Its recipient's daemon has not said that it has it. */
function isUnsent({ outbox, ending, moves }: InboxItem): boolean {
  return outbox && ending === undefined && moves.every(({ state }) => state === "ambiguous");
}

function failure(
  undelivered: Undelivered,
  code: "abandoned" | "expired" | "rejected",
  message: string,
  retryable: boolean,
): Ending {
  return { kind: "failed", reason: { code, message, retryable }, undelivered, letter: true };
}

function parted({ moves }: InboxItem): string {
  if (moves.length === 0) return "The pairing with its daemon ended before it was sent.";
  return moves.some(({ state }) => state !== "ambiguous")
    ? "The pairing with its daemon ended; what became of it there is not known."
    : "The pairing with its daemon ended; whether it arrived is not known.";
}
