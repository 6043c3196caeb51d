import { type OperationId, operations, type UnaryOperationId } from "../generated/operations.js";
import { Planes } from "../generated/planes.js";
import type {
  CommsCommand,
  CommsPeersResponse,
  CommsStreamEvent,
  CommsStreamResponse,
  SendReceipt,
  StreamScope,
} from "../generated/types.js";
import type { Call } from "./call.js";
import { type Environment, systemEnvironment } from "./environment.js";
import { clientError } from "./errors.js";
import type { EventStream } from "./event-stream.js";
import { type HeldSession, Host, type HostOptions, holdSession } from "./host.js";
import type { McpExchange } from "./mcp-exchange.js";
import type { CallOptions, ClientOptions, StreamOptions } from "./options.js";
import { Runtime } from "./runtime.js";
import { type SentAndStreamed, sendAndStream } from "./send-and-stream.js";
import type { TransportSource } from "./transport.js";

/** Where a stream starts and whether it stays. */
export interface ScopeOptions extends StreamOptions {
  /** Start after this position. Absent: an interaction from its beginning, a session from now on. */
  afterSequence?: number;
  /** Stay for what comes; default true. */
  follow?: boolean;
  /** An earlier stream of the same principal on this scope, to be replaced. */
  resumeOf?: string;
}

const defaultTimeout = 30_000;
const defaultRetries = 3;

/** The client of one daemon, whatever carries its calls: a resource per plane, and comms on the client itself. */
export class Client extends Planes implements AsyncDisposable {
  readonly #runtime: Runtime;
  readonly #environment: Environment;

  /** @private Use the entry's `Parley`. */
  constructor(source: TransportSource, options: ClientOptions) {
    const environment = options.environment ?? systemEnvironment;
    const runtime = new Runtime(source, {
      session: options.session,
      timeout: options.timeout ?? defaultTimeout,
      retries: options.retries ?? defaultRetries,
      clientName: options.clientName ?? "parley-typescript",
      environment,
    });
    super(runtime);
    this.#runtime = runtime;
    this.#environment = environment;
  }

  /** Sends a command; the receipt means that it is on disk in the recipient's inbox. */
  send(command: CommsCommand, options?: CallOptions): Call<SendReceipt> {
    return this.#runtime.unary("comms.send", command, options);
  }

  /** Reads a session's or an interaction's events; see `EventStream`. */
  stream(scope: StreamScope, options: ScopeOptions = {}): EventStream<CommsStreamEvent, CommsStreamResponse> {
    const { afterSequence, follow, resumeOf, ...others } = options;
    const request = {
      scope,
      ...(afterSequence === undefined ? {} : { after_sequence: afterSequence }),
      ...(follow === undefined ? {} : { follow }),
      ...(resumeOf === undefined ? {} : { resume_of: resumeOf }),
    };
    return this.#runtime.stream("comms.stream", request, others);
  }

  /** Sends a command that opens an interaction, and reads its events; fails with `SendAndStreamError`. */
  sendAndStream(command: CommsCommand, options: CallOptions & StreamOptions = {}): Promise<SentAndStreamed> {
    return sendAndStream(this.#runtime, command, options);
  }

  /** Lists the peers that the acting session can send to. */
  peers(options?: CallOptions): Call<CommsPeersResponse> {
    return this.#runtime.unary("comms.peers", {}, options);
  }

  /** A host of the session `name`; it opens the session when it serves. */
  host(name: string, options: HostOptions = {}): Host {
    return new Host(this.#runtime.fork(), this.#environment, name, options);
  }

  /** Holds a session's name without serving it: for a program that reads its inbox in another way. */
  holdSession(name: string, options: HostOptions = {}): Promise<HeldSession> {
    return holdSession(this.host(name, options));
  }

  /** Calls a unary operation with any request, unchecked: for tests and tools. */
  call(operation: OperationId, request: unknown, options?: CallOptions): Call<unknown> {
    if (operations[operation].kind === "stream")
      throw clientError("invalid_request", `${operation} is a stream; read it with \`stream\`.`);
    return this.#runtime.raw(operation as UnaryOperationId, request, options);
  }

  /**
   * Passes one MCP message on to the daemon's `/mcp` and reads what comes back. Without a message it opens the stream of
   * the session of MCP that `options.headers` names. Rejects when the daemon cannot be reached or refuses the exchange.
   */
  exchangeMcp(message: string | undefined, options?: StreamOptions): Promise<McpExchange> {
    return this.#runtime.mcp(message, options);
  }

  /** Ends every connection and stream of this client. */
  close(): Promise<void> {
    this.#runtime.close();
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
