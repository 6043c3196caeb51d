import type {
  CommandKind,
  CommsCommand,
  InputCommand,
  PeerRequestCommand,
  PeerResponseCommand,
  SendReceipt,
} from "../../../generated/types.js";
import type { CallContext } from "../../../kernel/context.js";
import { ContractError } from "../../../kernel/contract-error.js";
import type { UnaryHandler } from "../../../kernel/handlers.js";
import { storedPrincipal } from "../../../kernel/principal.js";
import { derivedId } from "../../../lib/derived-id.js";
import { KeyedQueue } from "../../../lib/keyed-queue.js";
import { receiptOf, ttlOf } from "../inbox/delivery.js";
import type { AcceptedEntry, InboxEntry, Sender } from "../inbox/inbox-entry.js";
import type { Mailbox } from "../inbox/mailbox.js";
import type { Mailboxes } from "../inbox/mailboxes.js";
import { bodyHash } from "../model/body-hash.js";
import { encodeFitting } from "../model/encode-fitting.js";
import type { DirectorySession, SessionDirectory } from "../ports.js";
import { type Resolver, requirePrincipal } from "../routing/resolver.js";
import type { Admission, AdmittedCommand } from "./admission.js";
import { answer } from "./answer.js";
import { answerQuestion } from "./answer-question.js";
import { callerInbox } from "./caller-inbox.js";
import { cancel, cancelIntent } from "./cancel.js";
import { checkIdentity, expectedPeer, isOnline, offline, refuse, reservedBytes } from "./command-checks.js";

/** What a send asks beside the command itself. */
export interface SendParts {
  directory: SessionDirectory;
  resolver: Resolver;
  mailboxes: Mailboxes;
  admission: Admission;
  /** Whether somebody reads the session's log now: presence of sessions that nobody holds. */
  isRead: (sessionId: string) => boolean;
  /** Before the first command to a session of another daemon. */
  useOutbox: (sessionId: string) => Promise<void> | undefined;
}

/** Accepts a command: validates what the schema cannot, resolves, and appends once. */
export function send(parts: SendParts): UnaryHandler<"comms.send"> {
  const repeats = new KeyedQueue();
  return async (command, context) => {
    const acting = parts.resolver.actor(context);
    const sender = acting instanceof Promise ? await acting : acting;
    const accepted = new Acceptance(sender, command, context);
    // A repeat waits for the tries before it: what is in flight for those must not refuse it.
    const receipt = await (accepted.isRepeatable
      ? repeats.run(accepted.id, () => accept(accepted, command, parts))
      : accept(accepted, command, parts));
    return Object.assign(receipt, callerInbox(parts.mailboxes.waiting(sender.sessionId)));
  };
}

async function accept(accepted: Acceptance, command: CommsCommand, parts: SendParts): Promise<SendReceipt> {
  const { sender, context } = accepted;
  if (command.options?.in_reply_to !== undefined)
    return answerQuestion(accepted, command, parts, (answering) =>
      recipientOf(sender, answering, parts.resolver, context),
    );
  if (command.kind === "peer_response") return answer(accepted, command, parts);
  const recipient = recipientOf(sender, command, parts.resolver, context);
  if (recipient.endpointId !== undefined) await parts.useOutbox(recipient.sessionId);
  const found = parts.mailboxes.get(recipient.sessionId);
  const mailbox = found instanceof Promise ? await found : found;
  if (command.kind === "peer_request" && command.intent === cancelIntent) {
    const refusal = parts.admission.refusal(sender.sessionId, mailbox, command);
    if (refusal !== undefined) return accepted.receiptOfRepeat(mailbox, refusal);
    const receipt = await cancel(accepted, command, recipient, mailbox);
    if (receipt !== undefined) return receipt;
  }
  return accepted.deliver(command, recipient, mailbox, parts);
}

function recipientOf(
  sender: DirectorySession,
  command: Exclude<CommsCommand, PeerResponseCommand>,
  resolver: Resolver,
  context: CallContext,
): DirectorySession {
  if (command.kind !== "input") {
    if (command.kind === "peer_request") checkIntent(command);
    const route = resolver.resolve(sender, command.to, command.kind, expectedPeer(command));
    checkIdentity(command, route.peerId);
    return route.session;
  }
  checkSource(command, context);
  const recipient = resolver.session(command.session_id, requirePrincipal(context));
  checkIdentity(command, recipient.sessionId);
  if (recipient.sessionId === sender.sessionId && !command.allow_self_session)
    throw new ContractError("self_session_denied");
  return recipient;
}

const senders = new WeakMap<DirectorySession, Sender>();

/** One command on its way into one log. */
export class Acceptance {
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

  async deliver(
    command: AdmittedCommand,
    recipient: DirectorySession,
    mailbox: Mailbox,
    { admission, isRead }: SendParts,
  ): Promise<SendReceipt> {
    if (this.isOnlyForLive && !isOnline(recipient, isRead)) return this.receiptOfRepeat(mailbox, offline());
    const refusal = admission.refusal(this.sender.sessionId, mailbox, command);
    if (refusal !== undefined) return this.receiptOfRepeat(mailbox, refusal);
    return this.append(command, recipient, mailbox);
  }

  /** The one append, to the recipient's inbox or to the outbox for it. */
  async append(
    command: AdmittedCommand,
    recipient: DirectorySession,
    mailbox: Mailbox,
  ): Promise<SendReceipt> {
    const entry = mailbox.stamp<AcceptedEntry>({
      t: "accepted",
      ...this.base(),
      interaction_id: this.context.ids.childOf(recipient.sessionId),
      command: this.withSource(command),
      reserved: "stream" in command && command.stream === "reserve_interaction",
    });
    if (recipient.endpointId !== undefined) entry.outbox = true;
    else if (isHeld(recipient, command.kind)) entry.held = true;
    const written = await mailbox.accept(this.id, entry, encodeFitting(entry, "", reservedBytes));
    return this.receiptFrom(written);
  }

  /** The command as it is stored: an input names its source. */
  withSource<C extends CommsCommand>(command: C): C {
    if (command.kind !== "input") return command;
    return { ...command, source: command.source ?? sourceOf(this.context.surface) };
  }

  /** It carries a key: a repeat of it has the same id. */
  get isRepeatable(): boolean {
    return this.#key !== undefined;
  }

  /** The sender wants it taken now or not at all. */
  get isOnlyForLive(): boolean {
    return this.#command.options?.ttl_ms === 0;
  }

  base(): Pick<
    AcceptedEntry,
    "envelope_id" | "sender" | "expires_at" | "surface" | "body_hash" | "traceparent"
  > {
    return {
      envelope_id: this.context.ids.uuid(),
      sender: this.#saidOfSender(),
      expires_at: this.context.clock.now() + ttlOf(this.#command.options),
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
      said = { session_id: sessionId, name, ...storedPrincipal(principal) };
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
    if (entry.t !== "accepted" && entry.t !== "answered" && entry.t !== "input_answered")
      throw new ContractError("internal");
    if (duplicate && entry.body_hash !== this.#hash) throw new ContractError("idempotency_conflict");
    return receiptOf(entry, duplicate);
  }
}

/** Input is of its owner, no peer's. */
function isHeld({ inboundPolicy }: DirectorySession, kind: CommandKind): boolean {
  return kind !== "input" && inboundPolicy[kind] === "hold";
}

function sourceOf(surface: CallContext["surface"]): NonNullable<InputCommand["source"]> {
  return surface === "rest" ? "webhook" : "rpc";
}

function checkSource({ source }: InputCommand, { surface }: CallContext): void {
  const expected = sourceOf(surface);
  if (source !== undefined && source !== expected) refuse("source", "invalid_value", expected, source);
}

/** `comms.*` is the contract's own; of it only cancelling can be asked for. */
function checkIntent({ intent }: PeerRequestCommand): void {
  if (intent.startsWith("comms.") && intent !== cancelIntent)
    refuse("intent", "invalid_value", "an intent outside comms.*", intent);
}
