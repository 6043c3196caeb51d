import { checkContract } from "./contract.js";
import type { Deadline } from "./deadline.js";
import { clientError } from "./errors.js";
import { httpError } from "./http-errors.js";
import { type SseFrame, SseParser } from "./sse.js";
import type { ClosedPayload, StreamFrame, StreamSource } from "./stream-source.js";
import type { HttpFlow, HttpRequest, Transport } from "./transport.js";

/** A stream over server-sent events: the body is read as fast as its consumer asks. */
export async function openSseSource(
  transport: Transport,
  request: HttpRequest,
  idleTimeout: number,
  deadline: Deadline,
): Promise<StreamSource> {
  const flow = await transport.flow(
    { ...request, headers: { ...request.headers, accept: "text/event-stream" } },
    deadline,
  );
  const source = new SseSource(flow, idleTimeout);
  const stop = deadline.onFailure(() => source.drop());
  try {
    checkContract(flow.headers["parley-contract"]);
    if (flow.status !== 200) throw httpError(flow.status, await flow.text(), transport.address);
    await source.open();
    return source;
  } catch (error) {
    source.drop();
    throw deadline.failure ?? error;
  } finally {
    stop();
  }
}

class SseSource implements StreamSource {
  readonly #flow: HttpFlow;
  readonly #idleTimeout: number;
  readonly #parser = new SseParser();
  /** Events that were read and not taken yet. */
  #frames: Iterator<SseFrame> = [].values();
  #body: AsyncIterator<Uint8Array> | undefined;
  #dropped = false;
  opened: unknown;

  constructor(flow: HttpFlow, idleTimeout: number) {
    this.#flow = flow;
    this.#idleTimeout = idleTimeout;
  }

  async open(): Promise<void> {
    const first = await this.#take();
    if (first?.event !== "stream_opened")
      throw clientError("daemon_unreachable", "The event stream ended before it was opened.");
    this.opened = JSON.parse(first.data);
  }

  async next(): Promise<StreamFrame | null> {
    const frame = await this.#take();
    if (frame === null) return null;
    const value: unknown = JSON.parse(frame.data);
    return frame.event === "stream_closed"
      ? { kind: "closed", value: value as ClosedPayload }
      : { kind: "event", value };
  }

  close(): Promise<void> {
    this.drop();
    return Promise.resolve();
  }

  drop(): void {
    this.#dropped = true;
    this.#flow.destroy();
  }

  async #take(): Promise<SseFrame | null> {
    this.#body ??= this.#flow.body[Symbol.asyncIterator]();
    for (;;) {
      const frame = this.#frames.next();
      if (frame.done !== true) return frame.value;
      if (this.#dropped) return null;
      const idle = setTimeout(() => this.drop(), this.#idleTimeout);
      try {
        const { done, value } = await this.#body.next();
        if (done) return null;
        this.#frames = this.#parser.push(value).values();
      } catch {
        return null;
      } finally {
        clearTimeout(idle);
      }
    }
  }
}
