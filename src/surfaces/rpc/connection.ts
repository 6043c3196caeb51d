import type { Socket } from "node:net";
import { type RawData, WebSocket } from "ws";
import { type Ambient, Call, type Principal } from "../../kernel/context.js";
import { ContractError } from "../../kernel/contract-error.js";
import { parseJson } from "../../kernel/json.js";
import { errorFrame, invalidRpc, type RpcId, resultFrame } from "../json-rpc.js";
import { type Answer, type ExchangeOptions, quotaExceeded, RpcExchange } from "./exchange.js";
import { credentialsCode } from "./first-frame.js";
import { startHeartbeat } from "./heartbeat.js";
import type { RpcLimits } from "./limits.js";
import type { StreamMethod } from "./methods.js";
import { Outbox } from "./outbox.js";
import { RpcStream } from "./stream.js";

export interface ConnectionOptions extends ExchangeOptions {
  ambient: Ambient;
  limits: RpcLimits;
  principal: Principal;
  /** The acting session until `initialize` chooses another. */
  session: string | undefined;
  traceparent: string | undefined;
}

/** One WebSocket: its acting session, its calls and its streams. */
export class RpcConnection {
  /** Resolves when the socket is gone. */
  readonly closed: Promise<void>;
  /** Owns what its calls open and claim. */
  readonly id: string;
  readonly #options: ConnectionOptions;
  readonly #ws: WebSocket;
  readonly #socket: Socket;
  readonly #outbox: Outbox;
  readonly #exchange: RpcExchange;
  readonly #streams = new Set<RpcStream>();
  #openingStreams = 0;
  #session: string | undefined;
  /** Frames that came while `initialize` was under way. */
  #held: { data: RawData; isBinary: boolean }[] | undefined;
  #unanswered = 0;
  #answered: (() => void) | undefined;
  #ending: { reason: "shutdown" | "revoked"; error: ContractError } | undefined;
  #lastRead: number;

  constructor(ws: WebSocket, socket: Socket, options: ConnectionOptions) {
    this.id = options.ambient.ids.uuid();
    this.#options = options;
    this.#session = options.session;
    this.#ws = ws;
    this.#socket = socket;
    this.#lastRead = socket.bytesRead;
    this.#outbox = new Outbox(ws, socket, options.limits.bufferedBytes);
    this.#exchange = new RpcExchange(options, {
      newCall: () => this.#newCall(),
      openStream: (id, method, params, call) => this.#openStream(id, method, params, call),
      bind: () => this.#bind(),
    });
    const { clock } = options.ambient;
    const stopHeartbeat = startHeartbeat({
      clock,
      intervalMs: options.limits.pingMs,
      missed: options.limits.missedPings,
      alive: () => this.#isAlive(),
      ping: () => ws.ping(),
      dead: () => ws.terminate(),
    });
    ws.on("message", (data, isBinary) => this.#receive(data, isBinary));
    // The closing code tells the client; `close` follows.
    ws.on("error", (error) => options.ambient.log.debug({ err: error }, "A WebSocket failed."));
    const { promise, resolve } = Promise.withResolvers<void>();
    this.closed = promise;
    ws.once("close", () => {
      stopHeartbeat();
      this.#exchange.cancelAll();
      for (const { call } of this.#streams) call.cancel();
      resolve();
    });
  }

  get inFlight(): number {
    return this.#exchange.inFlight;
  }

  get streams(): number {
    return this.#streams.size;
  }

  /** Ends streams with a reason, lets calls in flight finish for a while, then closes with 1001. */
  async shutdown(): Promise<void> {
    const { limits, ambient } = this.#options;
    this.#end("shutdown", new ContractError("shutting_down"));
    if (this.#unanswered > 0) {
      const idle = Promise.withResolvers<void>();
      this.#answered = idle.resolve;
      const cancel = ambient.clock.after(limits.drainMs, idle.resolve);
      await Promise.race([idle.promise, this.closed]);
      cancel();
    }
    this.#close(1001, "shutting_down");
    await this.closed;
  }

  /** Ends everything at once: the credentials behind the connection are no longer good. */
  revoke(): void {
    const error = new ContractError("unauthenticated");
    this.#end("revoked", error);
    this.#exchange.cancelAll(error);
    this.#close(credentialsCode, "unauthenticated");
  }

  #end(reason: "shutdown" | "revoked", error: ContractError): void {
    this.#ending = { reason, error };
    this.#exchange.stop(error);
    for (const stream of this.#streams) stream.end(reason, error);
  }

  #close(code: number, reason: string): void {
    this.#outbox.close(code, reason);
    const { limits, ambient } = this.#options;
    const cancel = ambient.clock.after(limits.closeMs, () => this.#ws.terminate());
    this.#ws.once("close", cancel);
  }

  #newCall(): Call {
    const { ambient, principal, traceparent } = this.#options;
    return new Call(ambient, {
      surface: "rpc",
      principal,
      session: this.#session,
      connectionId: this.id,
      traceparent,
    });
  }

  #receive(data: RawData, isBinary: boolean): void {
    if (this.#held !== undefined) {
      this.#held.push({ data, isBinary });
      return;
    }
    if (isBinary) {
      this.#deliver(this.#exchange.refuse(invalidRpc("", "a text frame", "a binary frame")));
      return;
    }
    let frame: unknown;
    try {
      // The WebSocket already refused ill-formed UTF-8.
      frame = parseJson(data as Buffer);
    } catch (thrown) {
      this.#deliver(this.#exchange.refuse(ContractError.from(thrown)));
      return;
    }
    this.#deliver(this.#exchange.answer(frame));
  }

  #deliver(answer: Answer): void {
    if (answer === undefined) return;
    if (typeof answer === "string") {
      this.#outbox.send(answer);
      return;
    }
    this.#unanswered += 1;
    void answer.then((frame) => {
      this.#unanswered -= 1;
      if (frame !== undefined) this.#outbox.send(frame);
      if (this.#unanswered === 0) this.#answered?.();
    });
  }

  /** Holds back what follows `initialize` until it is known whom the calls act as. */
  #bind(): (result: { session: string } | null) => void {
    this.#held = [];
    this.#outbox.hold();
    return (result) => {
      if (result !== null) this.#session = result.session;
      // The answer goes out first: it is on its way through the promises that led here.
      setImmediate(() => {
        const held = this.#held ?? [];
        this.#held = undefined;
        // Nobody would ever end the calls of a connection that is gone.
        if (this.#ws.readyState === WebSocket.CLOSED) return;
        this.#outbox.unhold();
        for (const { data, isBinary } of held) this.#receive(data, isBinary);
      });
    };
  }

  async #openStream(id: RpcId, method: StreamMethod, params: unknown, call: Call): Promise<void> {
    const { dispatch, limits } = this.#options;
    if (this.#streams.size + this.#openingStreams >= limits.streams) {
      throw quotaExceeded(`at most ${limits.streams} open streams on a connection`);
    }
    this.#openingStreams += 1;
    const open = await dispatch.stream(method.operation, params, call).finally(() => {
      this.#openingStreams -= 1;
    });
    const stream = new RpcStream(call, method, open, this.#outbox);
    this.#streams.add(stream);
    if (call.cancelled) {
      this.#outbox.send(errorFrame(id, new ContractError("request_cancelled"), call.requestId));
      stream.abandon();
    } else {
      this.#outbox.send(resultFrame(id, JSON.stringify(open.opened)));
      if (this.#ending !== undefined) stream.end(this.#ending.reason, this.#ending.error);
    }
    void stream.run().then(() => this.#streams.delete(stream));
  }

  #isAlive(): boolean {
    const { bytesRead } = this.#socket;
    const heard = bytesRead !== this.#lastRead;
    this.#lastRead = bytesRead;
    return this.#outbox.tookBacklog() || heard;
  }
}
