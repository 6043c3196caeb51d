import { CONTRACT_DIGEST, CONTRACT_VERSION } from "../generated/version.js";
import { checkContract } from "./contract.js";
import type { Deadline } from "./deadline.js";
import { clientError } from "./errors.js";
import { parseJson } from "./http-errors.js";
import type { ParleyError } from "./parley-error.js";
import { type RpcMessage, rpcError, rpcRequest } from "./rpc-message.js";
import type { MessageSocket, Transport } from "./transport.js";

/** What a stream's notifications go to. */
export interface NotificationSink {
  notification(method: string, params: unknown): void;
  /** The connection is gone. */
  dropped(failure: ParleyError): void;
}

export interface RpcConnectionOptions {
  /** Session that calls on it act as. */
  session: string | undefined;
  clientName: string;
  /** Silence after which the connection counts as dead, milliseconds. */
  idleTimeout: number;
}

interface Pending {
  answered(result: unknown, text: string): void;
  failed(error: ParleyError): void;
}

export interface RpcAnswer {
  result: unknown;
  /** The answer as it came. */
  text: string;
}

/** One WebSocket that speaks JSON-RPC; it is opened by `initialize` and never reopens itself. */
export class RpcConnection {
  readonly #transport: Transport;
  readonly #idleTimeout: number;
  readonly #pending = new Map<number, Pending>();
  #socket: MessageSocket | undefined;
  #sink: NotificationSink | undefined;
  #nextId = 1;
  #failure: ParleyError | undefined;
  #idle: ReturnType<typeof setTimeout> | undefined;
  #active = false;
  /** Called once when the connection is gone. */
  onClosed: (() => void) | undefined;

  private constructor(transport: Transport, idleTimeout: number) {
    this.#transport = transport;
    this.#idleTimeout = idleTimeout;
  }

  /** Connects and says hello; throws `contract_mismatch` when the versions do not fit. */
  static async open(
    transport: Transport,
    options: RpcConnectionOptions,
    deadline: Deadline,
  ): Promise<RpcConnection> {
    const connection = new RpcConnection(transport, options.idleTimeout);
    connection.#socket = await transport.connect(
      "/rpc",
      {
        message: (text) => connection.#receive(text),
        activity: () => {
          connection.#active = true;
        },
        closed: (code, reason) => connection.#closed(code, reason),
      },
      deadline,
    );
    connection.#watch();
    const hello = {
      client: { name: options.clientName },
      contract: CONTRACT_VERSION,
      digest: CONTRACT_DIGEST,
      ...(options.session === undefined ? {} : { session: options.session }),
    };
    try {
      const { result } = await connection.call("initialize", hello, deadline);
      checkContract((result as { contract?: string }).contract);
    } catch (error) {
      connection.close();
      throw error;
    }
    return connection;
  }

  get closed(): boolean {
    return this.#failure !== undefined;
  }

  /** Calls a method. `onAnswer` runs before any later message is looked at. */
  call(
    method: string,
    params: unknown,
    deadline: Deadline,
    onAnswer?: (result: unknown) => void,
  ): Promise<RpcAnswer> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) return reject(this.#failure);
      const id = this.#nextId++;
      const stop = deadline.onFailure((failure) => {
        if (!this.#pending.delete(id)) return;
        this.#send(JSON.stringify({ jsonrpc: "2.0", method: "$/cancelRequest", params: { id } }));
        this.#settle();
        reject(failure);
      });
      if (deadline.failure !== undefined) return reject(deadline.failure);
      this.#pending.set(id, {
        answered: (result, text) => {
          stop();
          onAnswer?.(result);
          resolve({ result, text });
        },
        failed: (error) => {
          stop();
          reject(error);
        },
      });
      this.#socket?.hold();
      this.#send(rpcRequest(id, method, params));
    });
  }

  /** Where notifications go from now on; a connection has at most one stream. */
  attach(sink: NotificationSink): void {
    this.#sink = sink;
    this.#socket?.hold();
  }

  pause(): void {
    this.#socket?.pause();
  }

  resume(): void {
    this.#socket?.resume();
  }

  close(): void {
    this.#socket?.close(1000, "");
    this.#end(clientError("daemon_unreachable", "The connection was closed."));
  }

  /** Drops the connection as dead. */
  drop(reason: string): void {
    this.#socket?.destroy();
    this.#end(clientError("daemon_unreachable", `The connection to ${this.#transport.address} ${reason}.`));
  }

  #send(text: string): void {
    if (this.#failure === undefined) this.#socket?.send(text);
  }

  #receive(text: string): void {
    const parsed = parseJson(text);
    for (const message of Array.isArray(parsed) ? parsed : [parsed]) {
      if (typeof message === "object" && message !== null) this.#dispatch(message as RpcMessage, text);
    }
  }

  #dispatch(message: RpcMessage, text: string): void {
    if (message.method !== undefined) {
      this.#sink?.notification(message.method, message.params);
      return;
    }
    if (typeof message.id !== "number") {
      // Without an id it answers no call of ours: the daemon could not read a frame.
      if (message.error !== undefined) this.#end(rpcError(message.error));
      return;
    }
    const pending = this.#pending.get(message.id);
    this.#pending.delete(message.id);
    this.#settle();
    if (message.error !== undefined) pending?.failed(rpcError(message.error));
    else pending?.answered(message.result, text);
  }

  /** A connection without work does not keep the program running. */
  #settle(): void {
    if (this.#pending.size === 0 && this.#sink === undefined) this.#socket?.release();
  }

  #closed(code: number, reason: string): void {
    const why = reason === "" ? `code ${code}` : `code ${code}: ${reason}`;
    const message = `The connection to ${this.#transport.address} ended (${why}).`;
    this.#end(clientError(code === 4401 ? "unauthenticated" : "daemon_unreachable", message));
  }

  #end(failure: ParleyError): void {
    if (this.#failure !== undefined) return;
    this.#failure = failure;
    clearInterval(this.#idle);
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const one of pending) one.failed(failure);
    this.#sink?.dropped(failure);
    this.onClosed?.();
  }

  /** Silence for the idle time ends the connection; where pings are hidden a small call asks for life first. */
  #watch(): void {
    const step = this.#idleTimeout / 3;
    let silent = 0;
    this.#idle = setInterval(() => {
      silent = this.#active ? 0 : silent + 1;
      this.#active = false;
      if (silent >= 3) this.drop(`was silent for ${this.#idleTimeout} ms`);
      else if (silent >= 1 && this.#socket?.showsPings === false)
        this.#send(rpcRequest(0, "system/version", {}));
    }, step);
    // A timer of Node would keep the process alive; a browser's is a number.
    (this.#idle as unknown as { unref?(): void }).unref?.();
  }
}
