import type { InboxInteraction } from "../../../generated/types.js";
import type { Clock } from "../../../kernel/clock.js";
import type { CallContext } from "../../../kernel/context.js";
import { unknownName } from "../../../kernel/unknown-name.js";
import { isClaimed, isShown } from "../inbox/inbox-item.js";
import type { Mailbox } from "../inbox/mailbox.js";
import type { Mailboxes } from "../inbox/mailboxes.js";
import type { DirectorySession, SessionDirectory } from "../ports.js";
import { requirePrincipal } from "../routing/resolver.js";
import { interactionOf } from "./host-interaction.js";
import { pageAfter, shownFrom } from "./inbox-page.js";

/** What one page contains at most. */
const pageLimits = { entries: 50, chars: 1024 * 1024 };

/** One interaction that is not done with, as it looks from outside. */
export type InboxViewEntry = InboxInteraction & {
  /** Read on after it from here. */
  cursor: number;
  /** `waiting` for a host, or `claimed` by one. */
  state: "waiting" | "claimed";
};

/** Part of an inbox, oldest first. */
export interface InboxPage {
  session: string;
  /** Everything up to here was told; the next page starts after it. */
  cursor: number;
  /** There is a next page now. */
  more: boolean;
  interactions: InboxViewEntry[];
  /** Answers of the last day whose copies left the list unread; each stays readable in its interaction. */
  omitted?: { count: number; oldest_at: string };
}

/** Who is told of an inbox. */
export interface InboxWatcher {
  /** Something came in since the last call. */
  arrived(): void;
  /** The session was closed: nothing comes any more. */
  closed(): void;
}

/** Those who watch one inbox. */
interface Watch {
  readonly watchers: Set<InboxWatcher>;
  readonly over: AbortController;
}

/** Looks into inboxes and takes nothing out: nothing is claimed, marked or written. */
export class InboxView {
  readonly #clock: Clock;
  readonly #directory: SessionDirectory;
  readonly #mailboxes: Mailboxes;
  readonly #watches = new Map<Mailbox, Watch>();

  constructor(clock: Clock, directory: SessionDirectory, mailboxes: Mailboxes) {
    this.#clock = clock;
    this.#directory = directory;
    this.#mailboxes = mailboxes;
  }

  /** Resolves to the page after the cursor; 0 is the beginning. The caller may use the session. */
  async read(name: string, after: number, context: CallContext): Promise<InboxPage> {
    const { sessionId } = await this.#session(name, context);
    const mailbox = await this.#mailboxes.upToDate(sessionId);
    return mailbox.during(async () => {
      const now = this.#clock.monotonic();
      const { items, cursor, more } = pageAfter(mailbox, after, pageLimits, now, "after");
      const commands = await mailbox.commands(items.toSorted((one, other) => one.seq - other.seq));
      const interactions = items.map((item) => ({
        ...interactionOf(item, commands.get(item.seq)!),
        cursor: shownFrom(item),
        state: isClaimed(item, now) ? ("claimed" as const) : ("waiting" as const),
      }));
      const omitted = mailbox.omittedAnswers();
      return { session: name, cursor, more, interactions, ...(omitted === undefined ? {} : { omitted }) };
    });
  }

  /** Tells the watcher what happens to the inbox until the signal aborts. Resolves once it watches. */
  async watch(name: string, watcher: InboxWatcher, context: CallContext, signal: AbortSignal): Promise<void> {
    const mailbox = await this.#mailbox(name, context);
    if (signal.aborted) return;
    const watch = this.#watches.get(mailbox) ?? this.#begin(mailbox);
    watch.watchers.add(watcher);
    const leave = (): void => {
      watch.watchers.delete(watcher);
      if (watch.watchers.size === 0) this.#stop(mailbox, watch);
    };
    signal.addEventListener("abort", leave, { once: true });
  }

  /** One look at each change, however many watch. */
  #begin(mailbox: Mailbox): Watch {
    const watch = { watchers: new Set<InboxWatcher>(), over: new AbortController() };
    this.#watches.set(mailbox, watch);
    void this.#follow(mailbox, watch);
    return watch;
  }

  #stop(mailbox: Mailbox, watch: Watch): void {
    watch.over.abort();
    if (this.#watches.get(mailbox) === watch) this.#watches.delete(mailbox);
  }

  async #follow(mailbox: Mailbox, watch: Watch): Promise<void> {
    const { signal } = watch.over;
    const leave = mailbox.enter();
    try {
      for (let seen = this.#newestOf(mailbox); !signal.aborted && !mailbox.inbox.closed; ) {
        await mailbox.changed(Number.POSITIVE_INFINITY, signal);
        const newest = this.#newestOf(mailbox);
        if (newest > seen) for (const watcher of [...watch.watchers]) watcher.arrived();
        seen = Math.max(seen, newest);
      }
    } finally {
      leave();
    }
    this.#stop(mailbox, watch);
    for (const watcher of [...watch.watchers]) watcher.closed();
  }

  /** Since when the newest is shown; 0 without one. */
  #newestOf({ inbox }: Mailbox): number {
    const now = this.#clock.monotonic();
    let newest = 0;
    for (const item of inbox.open) if (isShown(item, now)) newest = Math.max(newest, shownFrom(item));
    return newest;
  }

  async #mailbox(name: string, context: CallContext): Promise<Mailbox> {
    const { sessionId } = await this.#session(name, context);
    return this.#mailboxes.get(sessionId);
  }

  /** The session that a call acts as is made when it is used for the first time, here as everywhere. */
  #session(name: string, context: CallContext): DirectorySession | Promise<DirectorySession> {
    if (name === context.session) return this.#directory.ensure(name, requirePrincipal(context));
    const session = this.#directory.byName(name);
    if (session === undefined) throw unknownName("session_not_found", name, () => []);
    return session;
  }
}
