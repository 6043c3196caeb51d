import type { CommsCommand, CommsEnvelope, LinkAck, PeerRequestCommand } from "../../../generated/types.js";
import { ContractError } from "../../../kernel/contract-error.js";
import { decodeJson } from "../../../kernel/json.js";
import { derivedId } from "../../../lib/derived-id.js";
import { KeyedQueue } from "../../../lib/keyed-queue.js";
import type { Admission } from "../comms/admission.js";
import { cancelIntent, interactionOf } from "../comms/cancel.js";
import { refusalOfAnswer } from "../host/question-answers.js";
import type { AcceptedEntry, InputAnsweredEntry, Sender } from "../inbox/inbox-entry.js";
import { type InboxItem, isClaimed } from "../inbox/inbox-item.js";
import type { Mailbox } from "../inbox/mailbox.js";
import type { Mailboxes } from "../inbox/mailboxes.js";
import { encodeFitting } from "../model/encode-fitting.js";
import type { CommsPorts, DirectorySession, Links } from "../ports.js";
import type { FarSessions } from "./far-sessions.js";

/** When something that cannot be taken now is worth another try, milliseconds. */
const retryMs = 1_000;
/** What the daemon's own fields need beside the command when it is told again. */
const reservedBytes = 2 * 1024;

type Answer = Omit<LinkAck, "kind" | "envelope_id">;
type TakenCommand = Extract<CommsCommand, { kind: "peer_message" | "peer_request" }>;

/** What the asker's daemon is told when its answer comes to nothing. */
const answerRefusals = {
  interaction_ended: "The interaction ended before the answer came.",
  question_not_found: "The interaction has no such question.",
  question_answered: "The question has an answer already.",
};

/** A command that answers a question, as it came. */
interface ArrivedAnswer {
  readonly endpointId: string;
  readonly envelope: CommsEnvelope;
  readonly command: TakenCommand;
  readonly mailbox: Mailbox;
}

/**
 * Accepts what other daemons send: one append to the recipient's inbox, whose id derives from the envelope's, so that an
 * envelope that comes again finds the first. Only what is durable is acknowledged. While the first arrival of an envelope
 * is in flight, the next waits for it.
 */
export class Arrivals {
  readonly #ports: CommsPorts;
  readonly #links: Links;
  readonly #far: FarSessions;
  readonly #mailboxes: Mailboxes;
  readonly #admission: Admission;
  readonly #repeats = new KeyedQueue();

  constructor(ports: CommsPorts, links: Links, far: FarSessions, mailboxes: Mailboxes, admission: Admission) {
    this.#ports = ports;
    this.#links = links;
    this.#far = far;
    this.#mailboxes = mailboxes;
    this.#admission = admission;
  }

  async envelope(endpointId: string, text: string): Promise<void> {
    let answer: Answer;
    let envelopeId: string;
    try {
      const { envelope, fresh } = await this.#links.open(endpointId, text);
      envelopeId = envelope.envelope_id;
      answer = await this.#take(endpointId, envelope, fresh).catch((err: unknown) => {
        const { code } = ContractError.from(err);
        if (code === "invalid_command")
          return refusal("dead", code, "It is no command that a peer may send.");
        if (code === "payload_too_large")
          return refusal("dead", "payload_too_large", "It is too large for the inbox.");
        this.#ports.log.warn({ err, endpoint_id: endpointId }, "What another daemon sent was not stored.");
        return { state: "later" as const, retry_after_ms: retryMs };
      });
    } catch (err) {
      // Who sends what is not signed, or sends it twice, gets no answer to learn from.
      this.#ports.log.warn({ err, endpoint_id: endpointId }, "An envelope was refused.");
      return;
    }
    this.#links.send(endpointId, { kind: "ack", envelope_id: envelopeId, ...answer });
  }

  async #take(endpointId: string, envelope: CommsEnvelope, fresh: boolean): Promise<Answer> {
    const { directory } = this.#ports;
    const recipient =
      envelope.to_id === undefined ? directory.byName(envelope.to) : directory.byId(envelope.to_id);
    if (recipient === undefined || !isAnnounced(recipient)) return noPeer();
    const mailbox = await this.#mailboxes.get(recipient.sessionId);
    const id = derivedId("link", endpointId, envelope.envelope_id);
    return mailbox.during(() =>
      this.#repeats.run(id, () => this.#accept(id, endpointId, envelope, fresh, recipient, mailbox)),
    );
  }

  async #accept(
    id: string,
    endpointId: string,
    envelope: CommsEnvelope,
    fresh: boolean,
    recipient: DirectorySession,
    mailbox: Mailbox,
  ): Promise<Answer> {
    const { clock, ids } = this.#ports;
    const known = await mailbox.find(id);
    if (known !== undefined) return stateOf(mailbox, known.t === "accepted" ? known.interaction_id : "");
    if (recipient.closed) return noPeer();
    const expiresAt = Date.parse(envelope.expires_at);
    if (expiresAt <= clock.now())
      return refusal("expired", "deadline_exceeded", "Its time was over when it came.");
    if (!fresh) return { state: "later", retry_after_ms: retryMs };
    const command = this.#commandOf(envelope, recipient);
    if (command === undefined)
      return refusal("dead", "invalid_command", "It is no command that a peer may send.");
    if (command.options?.in_reply_to !== undefined)
      return this.#answerQuestion(id, { endpointId, envelope, command, mailbox });
    const action = recipient.inboundPolicy[command.kind];
    if (action === "refuse")
      return refusal(
        "refused",
        "peer_not_sendable",
        `${envelope.to} refuses ${command.kind} by its inbound policy.`,
      );
    const sender = this.#far.senderOf(endpointId, envelope.from_id, envelope.from);
    const full = this.#admission.refusal(sender.session_id, mailbox, command);
    if (full !== undefined) return { state: "later", retry_after_ms: full.retryAfterMs ?? retryMs };
    const entry = mailbox.stamp<AcceptedEntry>({
      t: "accepted",
      envelope_id: envelope.envelope_id,
      sender,
      expires_at: expiresAt,
      surface: "link",
      traceparent: envelope.traceparent,
      interaction_id: ids.childOf(recipient.sessionId),
      command,
      reserved: false,
      origin: { endpoint_id: endpointId, interaction_id: envelope.interaction_id },
    });
    if (command.kind === "peer_request" && command.intent === cancelIntent) {
      const target = targetOf(mailbox, command, entry);
      const over = refusal("refused", "interaction_ended", "The interaction to be cancelled is over.");
      if (target === undefined) return over;
      while (target.settled || mailbox.isEnding(target))
        if (target.settled || (await mailbox.hasEnded(target))) return over;
      entry.cancel = { interaction_id: target.interactionId, told_as: target.origin!.interaction_id };
      if (isClaimed(target, clock.monotonic())) entry.cancel.claimed = true;
      await mailbox.cancel(id, entry, target, encodeFitting(entry, "", reservedBytes));
      return { state: "delivered" };
    }
    if (action === "hold") entry.held = true;
    const written = await mailbox.accept(id, entry, encodeFitting(entry, "", reservedBytes));
    return stateOf(mailbox, written.entry.t === "accepted" ? written.entry.interaction_id : "");
  }

  /** The answer to a question of a host here: it needs no room and no consent of the recipient's policy. */
  #answerQuestion(id: string, { endpointId, envelope, command, mailbox }: ArrivedAnswer): Promise<Answer> {
    const sender = this.#far.senderOf(endpointId, envelope.from_id, envelope.from);
    const { interaction_id: told, request_id: requestId } = command.options!.in_reply_to!;
    const item = itemToldAs(mailbox, told, endpointId, sender);
    if (command.kind !== "peer_message" || item === undefined)
      return Promise.resolve(
        refusal("refused", "interaction_not_found", "The interaction of the question is not here any more."),
      );
    return mailbox.decide(item.interactionId, async () => {
      const code = await refusalOfAnswer(mailbox, item, requestId);
      if (code !== undefined) return refusal("refused", code, answerRefusals[code]);
      const entry = mailbox.stamp<InputAnsweredEntry>({
        t: "input_answered",
        envelope_id: envelope.envelope_id,
        sender,
        surface: "link",
        traceparent: envelope.traceparent,
        interaction_id: item.interactionId,
        request_id: requestId,
        command,
        origin: { endpoint_id: endpointId, interaction_id: told },
      });
      await mailbox.answerQuestion(id, item, entry, encodeFitting(entry, "", reservedBytes));
      return { state: "delivered" };
    });
  }

  /** The command as this daemon would have taken it from one of its own. */
  #commandOf(envelope: CommsEnvelope, { name }: DirectorySession): TakenCommand | undefined {
    let value: unknown;
    try {
      value = decodeJson(Buffer.from(envelope.payload_b64, "base64url"));
    } catch {
      return undefined;
    }
    if (value === null || typeof value !== "object" || Array.isArray(value)) return undefined;
    const command: unknown = { ...value, to: name };
    if (this.#ports.isCommand?.(command) !== true || command.kind !== envelope.kind) return undefined;
    if (command.kind !== "peer_message" && command.kind !== "peer_request") return undefined;
    return command;
  }
}

/** What the sender of a cancel request knows by an id of its own daemon. */
function targetOf(
  mailbox: Mailbox,
  command: PeerRequestCommand,
  { origin, sender }: AcceptedEntry,
): InboxItem | undefined {
  return origin && itemToldAs(mailbox, interactionOf(command), origin.endpoint_id, sender);
}

/** The interaction that the sender began and that its daemon knows by this id. */
function itemToldAs(
  mailbox: Mailbox,
  told: string,
  endpointId: string,
  sender: Sender,
): InboxItem | undefined {
  for (const item of mailbox.inbox.items())
    if (
      item.origin?.interaction_id === told &&
      item.origin.endpoint_id === endpointId &&
      item.sender.session_id === sender.session_id
    )
      return item;
  return undefined;
}

/** Other daemons are told of it. A principal's own session is nobody's peer elsewhere: every machine has one. */
export function isAnnounced({ name, endpointId }: DirectorySession): boolean {
  return endpointId === undefined && !name.startsWith("user-");
}

function stateOf(mailbox: Mailbox, interactionId: string): Answer {
  return { state: mailbox.inbox.item(interactionId)?.held === true ? "held" : "delivered" };
}

function noPeer(): Answer {
  return refusal("dead", "peer_not_found", "Its daemon has no such session any more.");
}

function refusal(state: Answer["state"], code: string, message: string): Answer {
  return { state, code, message };
}
