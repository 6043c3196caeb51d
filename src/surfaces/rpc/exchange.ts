import type { Call } from "../../kernel/context.js";
import { checkContract } from "../../kernel/contract-check.js";
import { ContractError } from "../../kernel/contract-error.js";
import type { Dispatch } from "../../kernel/dispatch.js";
import { jsonType } from "../../kernel/json.js";
import {
  errorFrame,
  invalidRpc,
  type RpcId,
  type RpcMessage,
  readId,
  readMessage,
  resultFrame,
} from "../json-rpc.js";
import { methods, type StreamMethod, type UnaryMethod } from "./methods.js";

/** The frame that answers a message; undefined where none is due. The promise never rejects. */
export type Answer = string | undefined | Promise<string | undefined>;

/** What an exchange needs from the wire that carries it. */
export interface ExchangeHost {
  /** A fresh call by whoever is at the other end. */
  newCall(): Call;
  /** Opens a stream, writes the answer and then its events; absent on wires that carry no streams. */
  openStream?(id: RpcId, method: StreamMethod, params: unknown, call: Call): Promise<void>;
  /** Told when the operation that binds a connection begins; what it returns is told the result, or null for a failure. */
  bind?(): (result: { session: string } | null) => void;
}

export interface ExchangeOptions {
  dispatch: Dispatch;
  /** The OpenRPC document as JSON, for `rpc.discover`. */
  openrpc: () => Promise<string>;
  limits: { inFlight: number; batch: number };
}

interface Pending {
  readonly call: Call;
  readonly waits: boolean;
}

/** JSON-RPC 2.0 between one caller and dispatch: what is in flight, batches, cancellation and refusals. */
export class RpcExchange {
  readonly #options: ExchangeOptions;
  readonly #host: ExchangeHost;
  /** By id; calls that nobody can name (notifications, id null) by themselves. */
  readonly #pending = new Map<string | number | Call, Pending>();
  #mismatch: ContractError | undefined;
  #stopped: ContractError | undefined;
  #discovering = false;

  constructor(options: ExchangeOptions, host: ExchangeHost) {
    this.#options = options;
    this.#host = host;
  }

  get inFlight(): number {
    return this.#pending.size;
  }

  /** Answers one parsed frame: a message or a batch. */
  answer(frame: unknown): Answer {
    return Array.isArray(frame) ? this.#batch(frame) : this.#single(frame, false);
  }

  /** Answers a frame that could not even be parsed. */
  refuse(error: ContractError, id: RpcId = null): string {
    return errorFrame(id, error, this.#host.newCall().requestId);
  }

  /** Refuses every later call, and ends those that only wait. */
  stop(reason: ContractError): void {
    this.#stopped = reason;
    for (const { call, waits } of this.#pending.values()) if (waits) call.cancel(reason);
  }

  cancelAll(reason?: ContractError): void {
    for (const { call } of this.#pending.values()) call.cancel(reason);
  }

  async #batch(frames: unknown[]): Promise<string | undefined> {
    const { batch } = this.#options.limits;
    if (frames.length === 0 || frames.length > batch) {
      return this.refuse(invalidRpc("", `a batch of 1 to ${batch} messages`, `${frames.length} messages`));
    }
    const answers = await Promise.all(frames.map((frame) => this.#single(frame, true)));
    const due = answers.filter((answer) => answer !== undefined);
    return due.length === 0 ? undefined : `[${due.join(",")}]`;
  }

  #single(frame: unknown, inBatch: boolean): Answer {
    let message: RpcMessage;
    try {
      this.#checkContract(frame);
      message = readMessage(frame);
    } catch (thrown) {
      return this.refuse(ContractError.from(thrown), readId(frame));
    }
    const { id } = message;
    const method = methods.get(message.method);
    if (method === undefined) return this.#special(message);
    const refusal = this.#refusal(message, method, inBatch);
    if (refusal !== undefined) {
      // Under an id that is in use the error would pass for the other call's answer.
      if (id !== undefined) return this.refuse(refusal, this.#isPending(id) ? null : id);
      const call = this.#host.newCall();
      call.log.warn({ method: message.method, code: refusal.code }, "A notification was refused.");
      return undefined;
    }
    return method.kind === "unary" ? this.#unary(message, method) : this.#stream(message, method);
  }

  #unary({ id, params }: RpcMessage, method: UnaryMethod): Promise<string | undefined> {
    const call = this.#host.newCall();
    const key = id ?? call;
    this.#pending.set(key, { call, waits: method.waits });
    const bound = method.binds ? this.#host.bind?.() : undefined;
    return this.#options.dispatch.unary(method.operation, params, call).then(
      (result) => {
        this.#pending.delete(key);
        if (method.binds) this.#mismatch = undefined;
        bound?.(result as { session: string });
        return id === undefined ? undefined : resultFrame(id, JSON.stringify(result));
      },
      (thrown) => {
        this.#pending.delete(key);
        bound?.(null);
        return id === undefined ? undefined : errorFrame(id, ContractError.from(thrown), call.requestId);
      },
    );
  }

  async #stream({ id, params }: RpcMessage, method: StreamMethod): Promise<string | undefined> {
    // #refusal let only requests through, on wires that carry streams.
    if (id === undefined || this.#host.openStream === undefined) return undefined;
    const call = this.#host.newCall();
    const key = id ?? call;
    this.#pending.set(key, { call, waits: false });
    try {
      await this.#host.openStream(id, method, params, call);
      return undefined;
    } catch (thrown) {
      return errorFrame(id, ContractError.from(thrown), call.requestId);
    } finally {
      this.#pending.delete(key);
    }
  }

  /** Methods that belong to the protocol rather than to the contract. */
  #special({ id, method, params }: RpcMessage): Answer {
    if (id === undefined) {
      if (method === "$/cancelRequest") this.#cancel((params as { id?: unknown }).id);
      return undefined;
    }
    if (method === "rpc.discover") return this.#discover(id);
    const detail = {
      field: "method",
      issue: "invalid_value" as const,
      expected: "a method that `initialize` lists",
    };
    const got = method.slice(0, 64);
    return this.refuse(new ContractError("unknown_method", { details: [{ ...detail, got }] }), id);
  }

  /** One at a time: the document is so large that the answers to one packet of small questions would fill the memory. */
  async #discover(id: RpcId): Promise<string> {
    if (this.#discovering) return this.refuse(quotaExceeded("one rpc.discover at a time"), id);
    this.#discovering = true;
    try {
      return resultFrame(id, await this.#options.openrpc());
    } catch (thrown) {
      return this.refuse(ContractError.from(thrown), id);
    } finally {
      this.#discovering = false;
    }
  }

  #refusal(
    { id }: RpcMessage,
    method: UnaryMethod | StreamMethod,
    inBatch: boolean,
  ): ContractError | undefined {
    const binds = method.kind === "unary" && method.binds;
    if (this.#stopped !== undefined) return this.#stopped;
    if (this.#mismatch !== undefined && !binds) return this.#mismatch;
    if (this.#isPending(id)) return invalidRpc("id", "an id that no call in flight has", String(id));
    if (binds && inBatch) return invalidRpc("method", "a call outside a batch", method.operation);
    if (method.kind === "stream") {
      if (inBatch) return invalidRpc("method", "a call outside a batch", method.operation);
      if (id === undefined) return invalidRpc("id", "an id: a stream is opened by a request", jsonType(id));
      if (this.#host.openStream === undefined) {
        return invalidRpc("method", "a unary method: streams need the WebSocket or SSE", method.operation);
      }
    }
    const { inFlight } = this.#options.limits;
    return this.#pending.size >= inFlight ? quotaExceeded(`at most ${inFlight} calls in flight`) : undefined;
  }

  #isPending(id: RpcId | undefined): boolean {
    return id !== undefined && id !== null && this.#pending.has(id);
  }

  #cancel(id: unknown): void {
    if (typeof id !== "string" && typeof id !== "number") return;
    this.#pending.get(id)?.call.cancel(new ContractError("request_cancelled"));
  }

  /** Looks at the contract version before anything else, so that a frame of any age is told what to upgrade. */
  #checkContract(frame: unknown): void {
    const { method, params } = (frame ?? {}) as { method?: unknown; params?: { contract?: unknown } | null };
    if (typeof method !== "string" || typeof params?.contract !== "string") return;
    const target = methods.get(method);
    if (target?.kind !== "unary" || !target.binds) return;
    try {
      checkContract(params.contract);
    } catch (thrown) {
      this.#mismatch = ContractError.from(thrown);
      throw thrown;
    }
  }
}

/** The error for too much at once; it passes as soon as something finishes. */
export function quotaExceeded(expected: string): ContractError {
  const details = [{ field: "", issue: "out_of_range" as const, expected, got: "more" }];
  return new ContractError("quota_exceeded", { details, retryAfterMs: 100 });
}
