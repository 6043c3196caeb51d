import { setImmediate as nextTurn } from "node:timers/promises";
import { AnswerCopies } from "../copies/answer-copies.js";
import type { CommsLimits, CommsPorts, DirectorySession } from "../ports.js";
import type { EndState } from "../streams/reservation.js";
import { Reservations } from "../streams/reservations.js";
import type { InboxItem } from "./inbox-item.js";
import { Mailbox, type MailboxLinks } from "./mailbox.js";
import { type RestingMailbox, unreadAtRest, waitingAtRest } from "./resting.js";
import { retentionTime } from "./retention-time.js";
import type { Waiting } from "./waiting.js";

const sweepEveryMs = 60_000;
/** How soon after use it is looked whether mailboxes take too much memory. */
const lookEveryMs = 1_000;
/** A mailbox stays for so many times what it took to load it: loading again and again then costs no more than a percent. */
const keptLoads = 100;

/** Nobody is paired. */
const noLinks: MailboxLinks = { queued() {}, report() {}, isPaired: () => false };

/** An interaction and the session that holds it. */
export interface FoundInteraction {
  session: DirectorySession;
  mailbox: Mailbox;
  item: InboxItem;
}

/** A session as lists show it. */
export interface MailboxSummary {
  unread: number;
  lastSequence: number;
}

interface Loaded {
  readonly mailbox: Mailbox;
  /** Since it was last looked at. */
  used: boolean;
  /** Monotonic time of the look that found it used; those that only the daemon itself touched never were. */
  usedAt: number;
  /** How long it took to load. */
  readonly loadMs: number;
}

/**
 * The mailboxes of all sessions, each loaded when it is touched. When idle ones take too much memory they rest: what
 * their logs do not tell is kept, so that nobody can see the difference. Whoever waits for anything but a mailbox's own
 * work between `get` and the use of what it gave must `enter` the mailbox.
 */
export class Mailboxes {
  readonly reservations: Reservations;
  readonly #copies: AnswerCopies;
  readonly #ports: CommsPorts;
  readonly #limits: CommsLimits;
  readonly #links: MailboxLinks;
  readonly #retentionNow: () => number;
  readonly #loaded = new Map<string, Loaded>();
  readonly #loading = new Map<string, Promise<Mailbox>>();
  readonly #resting = new Map<string, RestingMailbox>();
  /** What the loaded ones took when it was last looked, and what was loaded since. */
  #bytes = 0;
  #lookAt = Number.POSITIVE_INFINITY;
  #stopLook: (() => void) | undefined;
  #summaries: Promise<unknown> = Promise.resolve();
  #stopSweep: (() => void) | undefined;
  #stopped = false;

  /** `links` hears of commands that go, or came, over links. */
  constructor(ports: CommsPorts, limits: CommsLimits, links: MailboxLinks = noLinks) {
    this.#ports = ports;
    this.#links = links;
    this.#limits = limits;
    this.#retentionNow = retentionTime(ports.clock);
    this.#copies = new AnswerCopies({
      clock: ports.clock,
      log: ports.log,
      directory: ports.directory,
      retentionNow: this.#retentionNow,
      mailboxOf: (sessionId) => this.get(sessionId),
    });
    this.reservations = new Reservations(ports.clock, limits.reservationTtlMs, (item, state) =>
      this.#storeStreamEnd(item, state),
    );
  }

  /** The session's mailbox; at once when it is in memory. */
  get(sessionId: string): Mailbox | Promise<Mailbox> {
    const loaded = this.#loaded.get(sessionId);
    if (loaded === undefined) return this.#loadForUse(sessionId);
    if (!loaded.used) {
      loaded.used = true;
      this.#lookWithin(lookEveryMs);
    }
    return loaded.mailbox;
  }

  /** As `get`, once the copies of answers that are on their way to it are in: a reader waits for them, no host does. */
  upToDate(sessionId: string): Mailbox | Promise<Mailbox> {
    const copying = this.#copies.tried(sessionId);
    return copying === undefined ? this.get(sessionId) : copying.then(() => this.get(sessionId));
  }

  /** Loads a mailbox only when nothing is known of it, and no two at once: all sessions may be asked for. */
  async summary(sessionId: string): Promise<MailboxSummary> {
    const known = this.#summary(sessionId);
    if (known !== undefined) return known;
    const turn = this.#summaries.then(async () => {
      await nextTurn();
      return this.#summary(sessionId) ?? summaryOf(await this.#load(sessionId), this.#ports);
    });
    this.#summaries = turn.catch(() => {});
    return turn;
  }

  /** What waits in the session's inbox, as far as the memory has it: nothing is read for that. */
  waiting(sessionId: string): Waiting | undefined {
    const now = this.#ports.clock.monotonic();
    const loaded = this.#loaded.get(sessionId);
    if (loaded !== undefined) return loaded.mailbox.inbox.waiting(now);
    const resting = this.#resting.get(sessionId);
    return resting && waitingAtRest(resting.inbox, now);
  }

  /** The session that has what was another's; the session itself when none took over from it. */
  heirOf(sessionId: string): string {
    return this.#ports.directory.byId(sessionId)?.sessionId ?? sessionId;
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
    for (const { sessionId, closed } of [...directory.all(), ...directory.closed()]) {
      await nextTurn();
      // Somebody waits for these.
      await Promise.allSettled(this.#loading.values());
      if (this.#stopped) return;
      if (!closed && this.#resting.has(sessionId)) continue;
      const mailbox = this.#loaded.get(sessionId)?.mailbox ?? (await this.#load(sessionId));
      if (closed) await mailbox.close();
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
    this.#stopLook?.();
    this.reservations.close();
    await this.#copies.stop();
    await Promise.all([...this.#loaded.values()].map(({ mailbox }) => mailbox.stop()));
  }

  async #sweep(): Promise<void> {
    const now = this.#retentionNow();
    for (const [sessionId, { sweepAt }] of [...this.#resting]) {
      if (this.#ports.directory.byId(sessionId) === undefined) this.#resting.delete(sessionId);
      else if (sweepAt < now) await this.#sweepOne(sessionId);
    }
    for (const sessionId of [...this.#loaded.keys()])
      if (this.#loaded.has(sessionId)) await this.#sweepOne(sessionId);
  }

  async #sweepOne(sessionId: string): Promise<void> {
    await nextTurn();
    if (this.#stopped) return;
    try {
      await (this.#loaded.get(sessionId)?.mailbox ?? (await this.#load(sessionId))).sweep();
    } catch (err) {
      this.#ports.log.warn({ err, session_id: sessionId }, "A log was not swept.");
    }
  }

  /** A reservation that has not ended keeps its mailbox in memory. */
  async #storeStreamEnd({ interactionId }: InboxItem, state: EndState): Promise<void> {
    const [session] = this.#ports.directory
      .byIdSuffix(interactionId.slice(-8))
      .filter(({ sessionId }) => this.#loaded.get(sessionId)?.mailbox.inbox.item(interactionId));
    const mailbox = session && this.#loaded.get(session.sessionId)?.mailbox;
    await mailbox?.writeStreamEnd(interactionId, state);
  }

  #summary(sessionId: string): MailboxSummary | undefined {
    const loaded = this.#loaded.get(sessionId);
    if (loaded !== undefined) return summaryOf(loaded.mailbox, this.#ports);
    const resting = this.#resting.get(sessionId);
    if (resting === undefined) return undefined;
    const unread = unreadAtRest(resting.inbox, this.#ports.clock.monotonic());
    return { unread, lastSequence: resting.lastSequence };
  }

  #lookWithin(ms: number): void {
    const at = this.#ports.clock.monotonic() + ms;
    if (this.#stopped || at >= this.#lookAt) return;
    this.#stopLook?.();
    this.#lookAt = at;
    this.#stopLook = this.#ports.clock.after(ms, () => {
      this.#lookAt = Number.POSITIVE_INFINITY;
      this.#look();
    });
  }

  /** Lets idle mailboxes rest until the others fit. */
  #look(): void {
    const now = this.#ports.clock.monotonic();
    const { idleMailboxBytes } = this.#limits;
    this.#bytes = 0;
    for (const loaded of this.#loaded.values()) {
      this.#bytes += loaded.mailbox.bytes;
      if (loaded.used) loaded.usedAt = now;
      loaded.used = false;
    }
    for (const [sessionId, { mailbox, usedAt, loadMs }] of this.#loaded) {
      if (this.#bytes <= idleMailboxBytes) return;
      const resting = now - usedAt < loadMs * keptLoads ? undefined : mailbox.rest();
      if (resting === undefined) continue;
      this.#bytes -= mailbox.bytes;
      this.#loaded.delete(sessionId);
      this.#resting.set(sessionId, resting);
    }
    if (this.#bytes > idleMailboxBytes) this.#lookWithin(lookEveryMs);
  }

  async #loadForUse(sessionId: string): Promise<Mailbox> {
    const mailbox = await this.#load(sessionId);
    const loaded = this.#loaded.get(sessionId);
    if (loaded !== undefined) loaded.used = true;
    return mailbox;
  }

  #load(sessionId: string): Promise<Mailbox> {
    const under = this.#loading.get(sessionId);
    if (under !== undefined) return under;
    const mailbox = new Mailbox(sessionId, {
      ports: this.#ports,
      limits: this.#limits,
      reservations: this.reservations,
      copies: this.#copies,
      retentionNow: this.#retentionNow,
      links: this.#links,
    });
    const { clock } = this.#ports;
    const started = clock.monotonic();
    const loading = mailbox
      .load(this.#resting.get(sessionId))
      .then(() => {
        const loadMs = clock.monotonic() - started;
        this.#loaded.set(sessionId, { mailbox, used: false, usedAt: Number.NEGATIVE_INFINITY, loadMs });
        this.#resting.delete(sessionId);
        this.#bytes += mailbox.bytes;
        this.#lookWithin(this.#bytes > this.#limits.idleMailboxBytes ? 0 : lookEveryMs);
        return mailbox;
      })
      .finally(() => this.#loading.delete(sessionId));
    this.#loading.set(sessionId, loading);
    return loading;
  }
}

function summaryOf({ inbox, events }: Mailbox, { clock }: CommsPorts): MailboxSummary {
  return { unread: inbox.unread(clock.monotonic()), lastSequence: events.last };
}
