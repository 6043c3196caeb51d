import type { LinkResult } from "../../../generated/types.js";
import { storedPrincipal } from "../../../kernel/principal.js";
import { derivedId } from "../../../lib/derived-id.js";
import { copyFor } from "../comms/answer.js";
import { ttlOf } from "../inbox/delivery.js";
import type { AnsweredEntry } from "../inbox/inbox-entry.js";
import type { FoundInteraction, Mailboxes } from "../inbox/mailboxes.js";
import type { CommsPorts, Links } from "../ports.js";

/** Takes in what came of commands that were sent from here, in the order in which it is told, and each once. */
export class Results {
  readonly #ports: CommsPorts;
  readonly #links: Links;
  readonly #mailboxes: Mailboxes;
  readonly #turns = new Map<string, Promise<void>>();

  constructor(ports: CommsPorts, links: Links, mailboxes: Mailboxes) {
    this.#ports = ports;
    this.#links = links;
    this.#mailboxes = mailboxes;
  }

  result(endpointId: string, result: LinkResult): void {
    const { interaction_id: interactionId } = result;
    const turn = (this.#turns.get(interactionId) ?? Promise.resolve())
      .then(() => this.#take(endpointId, result))
      .catch((err: unknown) =>
        // Without an acknowledgement it comes again.
        this.#ports.log.warn(
          { err, interaction_id: interactionId },
          "What came of a command was not stored.",
        ),
      )
      .finally(() => {
        if (this.#turns.get(interactionId) === turn) this.#turns.delete(interactionId);
      });
    this.#turns.set(interactionId, turn);
  }

  /** What belongs to no interaction, or to another daemon's, is nobody's any more. */
  async #take(endpointId: string, result: LinkResult): Promise<void> {
    const found = await this.#mailboxes.find(result.interaction_id);
    if (found?.session.endpointId === endpointId && found.item.envelopeId === result.envelope_id)
      await found.mailbox.during(() => this.#note(found, result));
    this.#links.send(endpointId, { kind: "result_ack", result_id: result.result_id });
  }

  async #note(
    found: FoundInteraction,
    { result_id: resultId, event, undelivered, traceparent }: LinkResult,
  ): Promise<void> {
    const { mailbox, item } = found;
    if (mailbox.isEnding(item) && (await mailbox.hasEnded(item))) return;
    switch (event.kind) {
      case "delivery_updated":
        if (event.state === "delivered" || event.state === "held" || event.state === "ingested")
          await mailbox.moveTo(item, event.state);
        return;
      case "interaction_input_required":
        await mailbox.ask(item, derivedId("result", resultId), event);
        return;
      case "peer_response_received": {
        const { status, result } = event;
        const entry = mailbox.stamp<AnsweredEntry>(this.#answer(found, resultId, status, result));
        entry.traceparent = traceparent;
        await mailbox.answer(derivedId("result", resultId), entry);
        return;
      }
      case "interaction_complete": {
        const { result, usage } = event;
        await mailbox.endAs(item, { kind: "complete", result, ...(usage === undefined ? {} : { usage }) });
        return;
      }
      case "interaction_failed":
        await mailbox.endAs(item, {
          kind: "failed",
          reason: event.reason,
          undelivered: undelivered ?? "dead",
        });
    }
  }

  /** As if the far session had answered here. */
  #answer(
    { session, item }: FoundInteraction,
    resultId: string,
    status: "accepted" | "completed" | "failed",
    result: unknown,
  ): AnsweredEntry {
    const { clock, directory, ids } = this.#ports;
    const { sessionId, name, principal } = session;
    const entry: AnsweredEntry = {
      t: "answered",
      envelope_id: resultId,
      sender: { session_id: sessionId, name, ...storedPrincipal(principal) },
      expires_at: clock.now() + ttlOf(undefined),
      surface: "link",
      interaction_id: item.interactionId,
      command: {
        kind: "peer_response",
        to: item.sender.name,
        in_reply_to: item.interactionId,
        status,
        result,
      },
    };
    const queue = copyFor(item, directory.byId(item.sender.session_id), ids);
    return queue === undefined ? entry : { ...entry, queue };
  }
}
