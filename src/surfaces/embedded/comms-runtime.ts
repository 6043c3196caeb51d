import type { OperationTypes, StreamOperationId, UnaryOperationId } from "../../generated/operations.js";
import type {
  CommsCommand,
  CommsPeersResponse,
  InboxInteraction,
  SendReceipt,
  Session,
  StreamScope,
} from "../../generated/types.js";
import { type Ambient, Call, type Principal } from "../../kernel/context.js";
import { ContractError } from "../../kernel/contract-error.js";
import type { Dispatch } from "../../kernel/dispatch.js";
import { parseJson } from "../../kernel/json.js";
import { EventStream } from "./event-stream.js";
import { SendAndStreamError } from "./send-and-stream-error.js";
import { InteractionStreamSender } from "./stream-sender.js";

export interface CommsRuntimeOptions {
  ambient: Ambient;
  dispatch: Dispatch;
  principal: Principal;
  /** Whom this runtime acts as; default: the principal's own session. */
  session?: string;
  /** Gives up a reservation whose stream could not be attached. */
  release(interactionId: string): Promise<void>;
  /** Told when the runtime closes: what its connection held is free then. */
  onClosed(connectionId: string): void;
}

/** A command as its sender says it: what has a default may be left out. */
export type CoreCommand = WithDefaults<CommsCommand, "stream" | "allow_self_session">;

type WithDefaults<Command, Field extends string> = Command extends unknown
  ? Omit<Command, Field> & Partial<Pick<Command, Extract<keyof Command, Field>>>
  : never;

export interface CoreStreamOptions {
  /** Start after this position. Absent: an interaction from its beginning, a session from now on. */
  afterSequence?: number;
  /** Stay for what comes; default true. */
  follow?: boolean;
  /** An earlier stream of the same principal on this scope, to be replaced. */
  resumeOf?: string;
}

export interface DrainOptions {
  /** At most so many; default 64. */
  max?: number;
  /** How long to wait for the first one, milliseconds; default 0. */
  waitMs?: number;
  signal?: AbortSignal;
}

const defaultMax = 64;

/**
 * Comms inside one process: what the wires offer, over the same dispatch, without a socket. It is one connection: its
 * streams, and its lease on the session that it drains, end when it closes. Fails with `ContractError`.
 */
export class CommsRuntime implements AsyncDisposable {
  readonly #options: CommsRuntimeOptions;
  readonly #connectionId: string;
  readonly #calls = new Set<Call>();
  readonly #senders = new Map<string, InteractionStreamSender>();
  /** Held from the first drain on. */
  #lease: Promise<string> | undefined;

  constructor(options: CommsRuntimeOptions) {
    this.#options = options;
    this.#connectionId = options.ambient.ids.uuid();
  }

  /** Sends a command; the receipt means that it is durable in the recipient's inbox. */
  send(command: CoreCommand): Promise<SendReceipt> {
    return this.#unary("comms.send", command);
  }

  /** Reads a session's or an interaction's events. */
  stream(scope: StreamScope, options: CoreStreamOptions = {}): Promise<EventStream> {
    const { afterSequence, follow, resumeOf } = options;
    return this.#stream({
      scope,
      ...(afterSequence === undefined ? {} : { after_sequence: afterSequence }),
      ...(follow === undefined ? {} : { follow }),
      ...(resumeOf === undefined ? {} : { resume_of: resumeOf }),
    });
  }

  /** The peers that the acting session can send to. */
  peers(): Promise<CommsPeersResponse> {
    return this.#unary("comms.peers", {});
  }

  /** A session as its owner sees it, by name; its id is what scopes and inputs name. */
  async session(name: string): Promise<Session> {
    return (await this.#unary("sessions.get", { name })).session;
  }

  /**
   * Sends a command that opens an interaction, and reads its events from the first one on. Fails with `SendAndStreamError`:
   * at stage `send` nothing was accepted, at stage `stream_attach` the command stays accepted and the reservation is free.
   */
  async sendAndStream(
    command: CoreCommand,
    options: Pick<CoreStreamOptions, "afterSequence"> = {},
  ): Promise<{ receipt: SendReceipt; stream: EventStream }> {
    let receipt: SendReceipt;
    try {
      receipt = await this.send({ ...command, stream: "reserve_interaction" } as CoreCommand);
    } catch (thrown) {
      throw new SendAndStreamError("send", ContractError.from(thrown));
    }
    if (!("interaction_id" in receipt)) {
      const error = new ContractError("invalid_command", {
        message: "Only input and peer_request open an interaction.",
      });
      throw new SendAndStreamError("stream_attach", error, receipt);
    }
    const { interaction_id } = receipt;
    try {
      return { receipt, stream: await this.stream({ kind: "interaction", interaction_id }, options) };
    } catch (thrown) {
      // Where even that fails the reservation runs out by itself, and the receipt must not be lost over it.
      await this.#options.release(interaction_id).catch(() => undefined);
      throw new SendAndStreamError("stream_attach", ContractError.from(thrown), receipt);
    }
  }

  /** Claims what waits in the acting session's inbox, oldest first, and holds the session from then on. */
  async drainInboxInteractions(options: DrainOptions = {}): Promise<InboxInteraction[]> {
    const { max = defaultMax, waitMs = 0, signal } = options;
    const name = this.#name;
    this.#lease ??= this.#open(name);
    const request = { name, lease_token: await this.#lease, max, wait_ms: waitMs };
    const { claim, interactions } = await this.#unary("sessions.drain", request, signal);
    if (claim === undefined) return [];
    const claim_token = claim.token;
    for (const interaction of interactions) {
      const sender = new InteractionStreamSender(interaction, {
        emit: (interaction_id, events) =>
          this.#unary("sessions.emit", { name, claim_token, interaction_id, events }),
        settle: (interaction_id, outcome) =>
          this.#unary("sessions.settle", { name, claim_token, interaction_id, outcome }),
      });
      this.#senders.set(interaction.interaction_id, sender);
    }
    return interactions;
  }

  /** The host's end of a drained interaction's stream; whoever takes it first has it, others get undefined. */
  takeInteractionStreamSender(interactionId: string): InteractionStreamSender | undefined {
    const sender = this.#senders.get(interactionId);
    this.#senders.delete(interactionId);
    return sender;
  }

  /** Ends its streams and waits as a dropped connection would, and lets go of the session. */
  async close(): Promise<void> {
    for (const call of this.#calls) call.cancel();
    this.#senders.clear();
    this.#options.onClosed(this.#connectionId);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  get #name(): string {
    const { principal, session } = this.#options;
    return session ?? this.#call(principal).session;
  }

  #open(name: string): Promise<string> {
    const opening = this.#unary("sessions.open", { name }).then(({ lease }) => lease.token);
    // A name that is held now may be free at the next drain.
    opening.catch(() => {
      this.#lease = undefined;
    });
    return opening;
  }

  async #unary<Id extends UnaryOperationId>(
    operation: Id,
    request: unknown,
    signal?: AbortSignal,
  ): Promise<OperationTypes[Id]["response"]> {
    const call = this.#call(this.#options.principal);
    const cancel = (): void => call.cancel();
    signal?.addEventListener("abort", cancel);
    if (signal?.aborted) cancel();
    this.#calls.add(call);
    try {
      return structuredClone(
        await this.#options.dispatch.unary(operation, ownCopy(request), call),
      ) as OperationTypes[Id]["response"];
    } finally {
      signal?.removeEventListener("abort", cancel);
      this.#calls.delete(call);
    }
  }

  async #stream(request: unknown): Promise<EventStream> {
    const call = this.#call(this.#options.principal);
    this.#calls.add(call);
    const detach = (): void => {
      this.#calls.delete(call);
      call.cancel();
    };
    try {
      const operation: StreamOperationId = "comms.stream";
      const open = await this.#options.dispatch.stream(operation, ownCopy(request), call);
      return new EventStream(open, {
        detach,
        close: async (stream_id) => {
          await this.#unary("comms.stream_close", { stream_id });
        },
      });
    } catch (thrown) {
      detach();
      throw thrown;
    }
  }

  #call(principal: Principal): Call {
    const { ambient, session } = this.#options;
    return new Call(ambient, { surface: "rpc", principal, session, connectionId: this.#connectionId });
  }
}

/** A request as the wires would bring it: JSON, with its defaults still open, and nobody else's object. */
function ownCopy(request: unknown): unknown {
  let text: string | undefined;
  try {
    text = JSON.stringify(request);
  } catch (cause) {
    throw new ContractError("parse_error", { message: "The request cannot be said in JSON.", cause });
  }
  if (text === undefined) {
    throw new ContractError("parse_error", { message: "The request cannot be said in JSON." });
  }
  return parseJson(Buffer.from(text));
}
