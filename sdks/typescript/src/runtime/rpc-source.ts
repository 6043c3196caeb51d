import { operations } from "../generated/operations.js";
import { Deadline } from "./deadline.js";
import type { OperationEntry } from "./operation.js";
import { RpcConnection, type RpcConnectionOptions } from "./rpc-connection.js";
import type { ClosedPayload, StreamFrame, StreamSource } from "./stream-source.js";
import type { Transport } from "./transport.js";

/** Frames that wait before the socket is not read any more, and how few let it be read again. */
const highWater = 512;
const lowWater = 64;
const closeTimeout = 5_000;

/** A stream with a WebSocket of its own, so that a slow reader slows down nothing else. */
export async function openRpcSource(
  transport: Transport,
  operation: OperationEntry,
  request: unknown,
  options: RpcConnectionOptions,
  deadline: Deadline,
): Promise<RpcSource> {
  const connection = await RpcConnection.open(transport, options, deadline);
  const source = new RpcSource(connection, operation);
  try {
    source.opened = (await connection.call(operation.rpc ?? "", request, deadline)).result;
  } catch (error) {
    connection.close();
    throw error;
  }
  return source;
}

export class RpcSource implements StreamSource {
  readonly connection: RpcConnection;
  readonly #operation: OperationEntry;
  readonly #frames: StreamFrame[] = [];
  #ended = false;
  #paused = false;
  #waiting: ((frame: StreamFrame | null) => void) | undefined;
  opened: unknown;

  constructor(connection: RpcConnection, operation: OperationEntry) {
    this.connection = connection;
    this.#operation = operation;
    connection.attach({
      notification: (method, params) => {
        if (method === operation.stream?.event) this.#push({ kind: "event", value: params });
        else if (method === operation.stream?.closed)
          this.#push({ kind: "closed", value: params as ClosedPayload });
      },
      dropped: () => {
        this.#ended = true;
        if (this.#frames.length === 0) this.#waiting?.(null);
      },
    });
  }

  next(): Promise<StreamFrame | null> {
    const frame = this.#frames.shift();
    if (this.#paused && this.#frames.length <= lowWater) {
      this.#paused = false;
      this.connection.resume();
    }
    if (frame !== undefined) return Promise.resolve(frame);
    if (this.#ended) return Promise.resolve(null);
    return new Promise((resolve) => {
      this.#waiting = resolve;
    });
  }

  async close(): Promise<void> {
    const method = operations[this.#operation.stream?.close as keyof typeof operations]?.rpc;
    const deadline = new Deadline(closeTimeout);
    try {
      const { stream_id } = this.opened as { stream_id: string };
      this.connection.resume();
      if (method) await this.connection.call(method, { stream_id }, deadline);
    } catch {
      // The connection goes anyway, and the stream with it.
    } finally {
      deadline.done();
      this.connection.close();
    }
  }

  drop(): void {
    this.connection.close();
  }

  #push(frame: StreamFrame): void {
    if (this.#waiting !== undefined) {
      const resolve = this.#waiting;
      this.#waiting = undefined;
      resolve(frame);
      return;
    }
    this.#frames.push(frame);
    if (this.#frames.length < highWater || this.#paused) return;
    this.#paused = true;
    this.connection.pause();
  }
}
