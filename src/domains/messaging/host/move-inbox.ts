import { setImmediate as nextTurn } from "node:timers/promises";
import { type Backend, BackendError, type LogEntry } from "../../../kernel/backend.js";
import type { Clock } from "../../../kernel/clock.js";
import { derivedId } from "../../../lib/derived-id.js";
import { decodeRecord, encodeRecord } from "../events/event-record.js";
import { Inbox } from "../inbox/inbox.js";
import type { InboxEntry } from "../inbox/inbox-entry.js";
import type { DeadLetter } from "../letters/dead-letters.js";
import type { CommsLimits } from "../ports.js";

const pageEntries = 128;
const pageChars = 1024 * 1024;

/** From which session's logs to which one's. */
export interface InboxMove {
  from: string;
  to: string;
}

/**
 * Copies what waits in an inbox, with its events and with the session's dead letters, to the end of another session's
 * logs. Ids stay: receipts, streams and answers go on. Every append has an id that follows from its source, so that a
 * copy that a crash cut off is repeated without doubling anything. Neither mailbox may be loaded meanwhile.
 */
export async function copyWaiting(
  backend: Backend,
  clock: Clock,
  limits: CommsLimits,
  { from, to }: InboxMove,
): Promise<void> {
  const inbox = await inboxOf(backend, clock, limits, from);
  const waiting = new Set(
    inbox.open.filter(({ ending }) => ending === undefined).map(({ interactionId }) => interactionId),
  );
  if (waiting.size > 0) {
    for await (const { id, subject, body } of entriesOf(backend, `inbox/${from}`)) {
      const entry = partOf(JSON.parse(body) as InboxEntry, waiting);
      if (entry !== undefined) await appendEntry(backend, to, id, subject, entry);
    }
    await copyEvents(backend, waiting, { from, to });
  }
  await copyLetters(backend, { from, to });
}

/** Ends an inbox whose items were copied: from then on they are only where they were copied to. */
export async function sealMoved(backend: Backend, clock: Clock, { from, to }: InboxMove): Promise<void> {
  const entry: InboxEntry = { t: "closed", moved_to: to, at: clock.now() };
  await append(backend, `inbox/${from}`, derivedId(from, "closed"), "session", JSON.stringify(entry));
}

async function inboxOf(
  backend: Backend,
  clock: Clock,
  limits: CommsLimits,
  sessionId: string,
): Promise<Inbox> {
  const inbox = new Inbox(limits);
  const now = clock.now();
  const readings = { monotonic: clock.monotonic(), wall: now, retention: now };
  for await (const { seq, body } of entriesOf(backend, `inbox/${sessionId}`))
    inbox.apply(seq, JSON.parse(body) as InboxEntry, body.length, readings);
  return inbox;
}

/** The entry as far as it is about these interactions; positions of the log that it comes from mean nothing elsewhere. */
function partOf(entry: InboxEntry, interactions: ReadonlySet<string>): InboxEntry | undefined {
  const { queued_through: _, ...part } = entry;
  if (part.t === "claimed") {
    const claimed = part.interactions.filter((id) => interactions.has(id));
    return claimed.length === 0 ? undefined : { ...part, interactions: claimed };
  }
  return "interaction_id" in part && interactions.has(part.interaction_id) ? part : undefined;
}

/** An entry keeps its id, by which repeats find it, unless the same sender used the same key here too. */
async function appendEntry(
  backend: Backend,
  to: string,
  id: string,
  subject: string,
  entry: InboxEntry,
): Promise<void> {
  const log = `inbox/${to}`;
  const [taken] = await backend.read(log, { fromSeq: 1, id, limit: 1 });
  const isOther = taken !== undefined && taken.subject !== subject;
  await append(backend, log, isOther ? derivedId(id, "moved") : id, subject, JSON.stringify(entry));
}

/** Events keep their places in their interactions, and get the next ones in the session. */
async function copyEvents(
  backend: Backend,
  interactions: ReadonlySet<string>,
  { from, to }: InboxMove,
): Promise<void> {
  const log = `events/${to}`;
  let last = await backend.lastSeq(log);
  for await (const entry of entriesOf(backend, `events/${from}`)) {
    if (!interactions.has(entry.subject)) continue;
    const body = encodeRecord({ ...decodeRecord(entry), sequence: last + 1 });
    last = Math.max(last, await append(backend, log, entry.id, entry.subject, body));
  }
}

async function copyLetters(backend: Backend, { from, to }: InboxMove): Promise<void> {
  const end_seq = await backend.lastSeq(`inbox/${to}`);
  for await (const { id, subject, body } of entriesOf(backend, `dead/${from}`)) {
    const letter = { ...(JSON.parse(body) as DeadLetter), end_seq };
    await append(backend, `dead/${to}`, id, subject, JSON.stringify(letter));
  }
}

async function* entriesOf(backend: Backend, log: string): AsyncGenerator<LogEntry> {
  for (let fromSeq = 1; ; await nextTurn()) {
    const page = await backend.read(log, { fromSeq, limit: pageEntries, chars: pageChars });
    yield* page;
    const last = page.at(-1);
    if (last === undefined) return;
    fromSeq = last.seq + 1;
  }
}

/** The position of the entry, which may have been there before. */
async function append(
  backend: Backend,
  log: string,
  id: string,
  subject: string,
  body: string,
): Promise<number> {
  const result = await backend.append(log, { id, subject, body });
  if (result.outcome === "committed") return result.seq;
  const [found] = await backend.read(log, { fromSeq: 1, id, limit: 1 });
  if (found === undefined) throw new BackendError("io", "an item could not be moved to another inbox");
  return found.seq;
}
