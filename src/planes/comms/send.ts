import type {
  CommsCommand,
  InputCommand,
  PeerRequestCommand,
  PeerResponseCommand,
  SendReceipt,
} from "../../generated/types.js";
import type { CallContext } from "../../kernel/context.js";
import { ContractError, type DetailIssue } from "../../kernel/contract-error.js";
import type { UnaryHandler } from "../../kernel/handlers.js";
import { bodyHash } from "./body-hash.js";
import { derivedId } from "./derived-id.js";
import { encodeFitting } from "./encode-fitting.js";
import type { AcceptedEntry, AnsweredEntry, InboxEntry, Sender } from "./inbox-entry.js";
import type { Mailbox } from "./mailbox.js";
import type { FoundInteraction, Mailboxes } from "./mailboxes.js";
import type { DirectorySession } from "./ports.js";
import type { Resolver } from "./resolver.js";
import type { Route } from "./route-source.js";

/** What the daemon's own fields need beside the command when it is told again, as an event or in another inbox. */
const reservedBytes = 2 * 1024;
/** When a full inbox is worth another try. */
const fullRetryMs = 1_000;

/** Accepts a command: validates what the schema cannot, resolves, and appends once. */
export function send(resolver: Resolver, mailboxes: Mailboxes): UnaryHandler<"comms.send"> {
  return async (command, context) => {
    const acting = resolver.actor(context);
    const sender = acting instanceof Promise ? await acting : acting;
    const accepted = new Acceptance(sender, command, context);
    if (command.kind === "peer_response") return answer(accepted, command, resolver, mailboxes);
    const recipient = recipientOf(sender, command, resolver, context);
    const found = mailboxes.get(recipient.sessionId);
    const mailbox = found instanceof Promise ? await found : found;
    return accepted.deliver(recipient, mailbox);
  };
}

function recipientOf(
  sender: DirectorySession,
  command: Exclude<CommsCommand, PeerResponseCommand>,
  resolver: Resolver,
  context: CallContext,
): DirectorySession {
  if (command.kind !== "input") {
    if (command.kind === "peer_request") checkIntent(command);
    return requireInproc(resolver.resolve(sender, command.to, command.kind));
  }
  checkSource(command, context);
  const recipient = resolver.session(command.session_id);
  if (recipient.sessionId === sender.sessionId && !command.allow_self_session)
    throw new ContractError("self_session_denied");
  return recipient;
}

function requireInproc(route: Route): DirectorySession {
  if (route.kind === "inproc") return route.session;
  throw new ContractError("internal", { cause: new Error(`no link carries what goes to ${route.name}`) });
}

const senders = new WeakMap<DirectorySession, Sender>();

/** One command on its way into one log. */
class Acceptance {
  readonly sender: DirectorySession;
  readonly #command: CommsCommand;
  readonly context: CallContext;
  readonly #key: string | undefined;
  readonly #hash: string | undefined;
  /** The id of the append: it follows from the key, so that a repeat finds the first. */
  readonly id: string;

  constructor(sender: DirectorySession, command: CommsCommand, context: CallContext) {
    this.sender = sender;
    this.#command = command;
    this.context = context;
    this.#key = command.options?.idempotency_key;
    this.#hash = this.#key === undefined ? undefined : bodyHash(command);
    this.id = this.#key === undefined ? context.ids.uuid() : derivedId("send", sender.sessionId, this.#key);
  }

  async deliver(recipient: DirectorySession, mailbox: Mailbox): Promise<SendReceipt> {
    const { ids, surface } = this.context;
    if (!mailbox.hasRoom) return this.receiptOfRepeat(mailbox, full());
    const interactionId = ids.childOf(recipient.sessionId);
    const envelopeId = ids.uuid();
    const command = this.#command;
    const reserved = "stream" in command && command.stream === "reserve_interaction";
    const entry = mailbox.stamp<AcceptedEntry>({
      t: "accepted",
      ...this.base(envelopeId, receiptOf(command, interactionId, envelopeId, reserved)),
      interaction_id: interactionId,
      command:
        command.kind === "input" ? { ...command, source: command.source ?? sourceOf(surface) } : command,
      reserved,
    });
    const written = await mailbox.accept(this.id, entry, encodeFitting(entry, "", reservedBytes));
    return this.receiptFrom(written);
  }

  base(
    envelopeId: string,
    receipt: SendReceipt,
  ): Pick<AcceptedEntry, "envelope_id" | "sender" | "receipt" | "surface" | "body_hash" | "traceparent"> {
    return {
      envelope_id: envelopeId,
      sender: this.#saidOfSender(),
      receipt,
      surface: this.context.surface,
      body_hash: this.#hash,
      traceparent: this.#command.options?.traceparent ?? this.context.traceparent,
    };
  }

  /** One object for all that a session sends: inboxes keep it with every message. */
  #saidOfSender(): Sender {
    let said = senders.get(this.sender);
    if (said === undefined) {
      const { sessionId, name, principal } = this.sender;
      said = { session_id: sessionId, name, principal };
      senders.set(this.sender, said);
    }
    return said;
  }

  /** The first receipt when the key was used before, else the error. */
  async receiptOfRepeat(mailbox: Mailbox, error: ContractError): Promise<SendReceipt> {
    const entry = this.#key === undefined ? undefined : await mailbox.find(this.id);
    if (entry === undefined) throw error;
    return this.receiptFrom({ duplicate: true, entry });
  }

  receiptFrom({ duplicate, entry }: { duplicate: boolean; entry: InboxEntry }): SendReceipt {
    if (entry.t !== "accepted" && entry.t !== "answered") throw new ContractError("internal");
    if (!duplicate) return entry.receipt;
    if (entry.body_hash !== this.#hash) throw new ContractError("idempotency_conflict");
    return { ...entry.receipt, deduplicated: true };
  }
}

/**
 * An answer is appended to the log of the session that answers, beside the interaction. From there follow the
 * interaction's events and, without a reserved stream, the copy in the asker's inbox.
 */
async function answer(
  accepted: Acceptance,
  command: PeerResponseCommand,
  resolver: Resolver,
  mailboxes: Mailboxes,
): Promise<SendReceipt> {
  const sender = accepted.sender;
  const asker = requireInproc(resolver.resolve(sender, command.to, command.kind));
  const found = await mailboxes.find(command.in_reply_to);
  if (found === undefined || found.session.sessionId !== sender.sessionId)
    throw new ContractError("interaction_not_found");
  return found.mailbox.during(() => answerTo(found, asker, accepted, command, mailboxes));
}

async function answerTo(
  { mailbox, item }: FoundInteraction,
  asker: DirectorySession,
  accepted: Acceptance,
  command: PeerResponseCommand,
  mailboxes: Mailboxes,
): Promise<SendReceipt> {
  if (item.kind === "peer_response" || item.kind === "peer_message")
    refuse("in_reply_to", "invalid_value", "an interaction that expects an answer", item.kind);
  if (item.sender.name !== asker.name) refuse("to", "invalid_value", item.sender.name, command.to);
  // The name has another owner by now: the asker is gone.
  if (item.sender.session_id !== asker.sessionId) throw new ContractError("peer_not_found");
  if (mailbox.isEnding(item))
    return accepted.receiptOfRepeat(mailbox, new ContractError("interaction_ended"));
  const { ids } = accepted.context;
  const queued = item.reserved ? undefined : await mailboxes.get(asker.sessionId);
  if (queued?.hasRoom === false) return accepted.receiptOfRepeat(mailbox, full());
  const envelopeId = ids.uuid();
  const entry = mailbox.stamp<AnsweredEntry>({
    t: "answered",
    ...accepted.base(envelopeId, {
      kind: "peer_response_sent",
      envelope_id: envelopeId,
      in_reply_to: command.in_reply_to,
      deduplicated: false,
    }),
    interaction_id: item.interactionId,
    command,
    ...(queued === undefined
      ? {}
      : { queue: { session_id: asker.sessionId, interaction_id: ids.childOf(asker.sessionId) } }),
  });
  return accepted.receiptFrom(
    await mailbox.answer(accepted.id, entry, encodeFitting(entry, "", reservedBytes)),
  );
}

function receiptOf(
  command: CommsCommand,
  interactionId: string,
  envelopeId: string,
  reserved: boolean,
): SendReceipt {
  switch (command.kind) {
    case "input":
      return {
        kind: "input_accepted",
        interaction_id: interactionId,
        stream_reserved: reserved,
        deduplicated: false,
      };
    case "peer_message":
      return { kind: "peer_message_sent", envelope_id: envelopeId, acked: true, deduplicated: false };
    case "peer_request":
      return {
        kind: "peer_request_sent",
        envelope_id: envelopeId,
        interaction_id: interactionId,
        stream_reserved: reserved,
        deduplicated: false,
      };
    case "peer_response":
      return {
        kind: "peer_response_sent",
        envelope_id: envelopeId,
        in_reply_to: command.in_reply_to,
        deduplicated: false,
      };
  }
}

function full(): ContractError {
  return new ContractError("admission_dropped", { retryAfterMs: fullRetryMs });
}

function sourceOf(surface: CallContext["surface"]): NonNullable<InputCommand["source"]> {
  return surface === "rest" ? "webhook" : "rpc";
}

function checkSource({ source }: InputCommand, { surface }: CallContext): void {
  const expected = sourceOf(surface);
  if (source !== undefined && source !== expected) refuse("source", "invalid_value", expected, source);
}

/** `comms.*` is the contract's own; of it only cancelling can be asked for, and the host decides. */
function checkIntent({ intent }: PeerRequestCommand): void {
  if (intent.startsWith("comms.") && intent !== "comms.cancel")
    refuse("intent", "invalid_value", "an intent outside comms.*", intent);
}

function refuse(field: string, issue: DetailIssue, expected: string, got: string): never {
  throw new ContractError("invalid_command", { details: [{ field, issue, expected, got }] });
}
