import type { AgentEvent, LinkResult } from "../../../generated/types.js";
import { eventOf } from "../events/event-record.js";
import { type Outcome, outcomesOf } from "../events/interaction-events.js";
import { isAnswered } from "../host/question-answers.js";
import type { InboxItem } from "../inbox/inbox-item.js";
import type { Mailbox } from "../inbox/mailbox.js";
import type { Mailboxes } from "../inbox/mailboxes.js";
import type { CommsPorts, Links } from "../ports.js";

/** How long an acknowledgement may take before a result is sent again on the same link, milliseconds. */
const patienceMs = 10_000;

const pageEvents = 1024;

/** What came of one interaction that another daemon began. */
interface Reporting {
  readonly sessionId: string;
  /** Results that the other daemon has. */
  readonly known: Set<string>;
  /** Results that left on the present link. */
  readonly sent: Set<string>;
}

/**
 * Tells other daemons what became of what they sent, until they say that they have it. What there is to tell follows
 * from the inbox's log; that all of it is told is one entry there. A result keeps its id, so that telling it twice is
 * telling it once.
 */
export class Reports {
  readonly #ports: CommsPorts;
  readonly #links: Links;
  readonly #mailboxes: Mailboxes;
  /** By daemon and interaction. */
  readonly #open = new Map<string, Map<string, Reporting>>();
  /** Interactions by result under way. */
  readonly #results = new Map<string, string>();
  readonly #busy = new Map<string, { again: boolean }>();
  readonly #timers = new Map<string, () => void>();
  #stopped = false;

  constructor(ports: CommsPorts, links: Links, mailboxes: Mailboxes) {
    this.#ports = ports;
    this.#links = links;
    this.#mailboxes = mailboxes;
  }

  /** Something may have come of it. */
  note(sessionId: string, { origin, interactionId }: InboxItem): void {
    if (origin === undefined || this.#stopped) return;
    let open = this.#open.get(origin.endpoint_id);
    if (open === undefined) {
      open = new Map();
      this.#open.set(origin.endpoint_id, open);
    }
    if (!open.has(interactionId)) open.set(interactionId, { sessionId, known: new Set(), sent: new Set() });
    this.#tell(origin.endpoint_id, interactionId);
  }

  up(endpointId: string): void {
    const open = this.#open.get(endpointId);
    if (open === undefined) return;
    for (const [interactionId, { sent }] of open) {
      sent.clear();
      this.#tell(endpointId, interactionId);
    }
  }

  down(endpointId: string): void {
    this.#timers.get(endpointId)?.();
    this.#timers.delete(endpointId);
  }

  removed(endpointId: string): void {
    this.down(endpointId);
    this.#open.delete(endpointId);
  }

  acknowledged(endpointId: string, resultId: string): void {
    const interactionId = this.#results.get(resultId);
    const reporting =
      interactionId === undefined ? undefined : this.#open.get(endpointId)?.get(interactionId);
    if (interactionId === undefined || reporting === undefined) return;
    this.#results.delete(resultId);
    reporting.known.add(resultId);
    this.#tell(endpointId, interactionId);
  }

  stop(): void {
    this.#stopped = true;
    for (const stop of this.#timers.values()) stop();
  }

  #tell(endpointId: string, interactionId: string): void {
    if (this.#stopped || !this.#links.isUp(endpointId)) return;
    const under = this.#busy.get(interactionId);
    if (under !== undefined) {
      under.again = true;
      return;
    }
    const turn = { again: false };
    this.#busy.set(interactionId, turn);
    this.#tellNow(endpointId, interactionId)
      .catch((err: unknown) => {
        this.#ports.log.warn({ err, interaction_id: interactionId }, "What came of it was not told.");
        this.#remind(endpointId);
      })
      .finally(() => {
        this.#busy.delete(interactionId);
        if (turn.again) this.#tell(endpointId, interactionId);
      });
  }

  async #tellNow(endpointId: string, interactionId: string): Promise<void> {
    const reporting = this.#open.get(endpointId)?.get(interactionId);
    if (reporting === undefined) return;
    const mailbox = await this.#mailboxes.get(reporting.sessionId);
    await mailbox.during(async () => {
      const item = mailbox.inbox.item(interactionId);
      if (item === undefined || item.reported) {
        this.#open.get(endpointId)?.delete(interactionId);
        return;
      }
      // What is in flight may fail: only what is durable is reported.
      await mailbox.events.flushed();
      const cursor = mailbox.events.interaction(interactionId);
      const questions = await questionsOf(mailbox, item);
      const outcomes = outcomesOf(item, cursor, this.#ports.clock.now(), questions);
      const missing = outcomes.filter(({ id }) => !reporting.known.has(id));
      if (missing.length === 0) {
        if (item.ending !== undefined) await this.#close(endpointId, mailbox, item);
        return;
      }
      for (const outcome of missing) this.#send(endpointId, item, reporting, outcome);
      this.#remind(endpointId);
    });
  }

  #send(endpointId: string, item: InboxItem, { sent }: Reporting, outcome: Outcome): void {
    const { id, event, undelivered, traceparent } = outcome;
    if (sent.has(id)) return;
    const result: LinkResult = {
      kind: "result",
      result_id: id,
      envelope_id: item.envelopeId,
      interaction_id: item.origin!.interaction_id,
      event: event as AgentEvent,
      ...(undelivered === undefined ? {} : { undelivered }),
      ...(traceparent === undefined ? {} : { traceparent }),
    };
    if (!this.#links.send(endpointId, result)) return;
    sent.add(id);
    this.#results.set(id, item.interactionId);
  }

  async #close(endpointId: string, mailbox: Mailbox, item: InboxItem): Promise<void> {
    await mailbox.write(item.interactionId, { t: "reported", interaction_id: item.interactionId });
    this.#open.get(endpointId)?.delete(item.interactionId);
  }

  /** What nobody acknowledges is sent again. */
  #remind(endpointId: string): void {
    if (this.#stopped || this.#timers.has(endpointId)) return;
    this.#timers.set(
      endpointId,
      this.#ports.clock.after(patienceMs, () => {
        this.#timers.delete(endpointId);
        if (this.#links.isUp(endpointId)) this.up(endpointId);
      }),
    );
  }
}

/** Open questions of the item's host that are still in its log, under ids that are theirs. */
async function questionsOf({ events }: Mailbox, item: InboxItem): Promise<Outcome[]> {
  const { interactionId } = item;
  const cursor = events.interaction(interactionId);
  const outcomes: Outcome[] = [];
  if (cursor.questions.every((requestId) => isAnswered(item, requestId))) return outcomes;
  for (let after = Math.max(0, cursor.firstSequence - 1); after < events.last; ) {
    const { records, next } = await events.readInteraction(interactionId, after, pageEvents);
    for (const record of records) {
      if (record.kind !== "interaction_input_required") continue;
      const event = eventOf(record);
      if (event.kind === "interaction_input_required" && !isAnswered(item, event.request_id))
        outcomes.push({ id: record.eventId, event });
    }
    after = next;
  }
  return outcomes;
}
