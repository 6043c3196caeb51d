import { setImmediate as nextTurn } from "node:timers/promises";
import type { Call } from "../../kernel/context.js";
import { ContractError } from "../../kernel/contract-error.js";
import type { OpenStream, StreamClosed } from "../../kernel/handlers.js";
import { pump } from "../pump.js";
import type { StreamMethod } from "./methods.js";
import type { Outbox } from "./outbox.js";

/** Frames written between two turns of the event loop, so that one long replay does not starve the rest. */
const burst = 128;

/** One open stream of a connection: pulls events at the client's pace and writes them as notifications. */
export class RpcStream {
  readonly call: Call;
  readonly #method: StreamMethod;
  readonly #open: OpenStream;
  readonly #outbox: Outbox;
  #ended = false;

  constructor(call: Call, method: StreamMethod, open: OpenStream, outbox: Outbox) {
    this.call = call;
    this.#method = method;
    this.#open = open;
    this.#outbox = outbox;
  }

  /** Runs until the stream is over and its closing notification is written. Never rejects. */
  async run(): Promise<void> {
    try {
      this.#finish(await this.#pull());
    } catch (thrown) {
      const error = ContractError.from(thrown);
      const { requestId, log } = this.call;
      if (error.code === "internal") log.error({ err: thrown, request_id: requestId }, "A stream failed.");
      this.#finish({ stream_id: this.#open.opened.stream_id, reason: "error", error_code: error.code });
    }
  }

  /** Ends the stream from this side: tells the client why, unless it is already over, and frees its source. */
  end(reason: "shutdown" | "revoked", cause: ContractError): void {
    this.#finish({ stream_id: this.#open.opened.stream_id, reason });
    this.call.cancel(cause);
  }

  /** Lets the source end without telling the client, who never learned of the stream. */
  abandon(): void {
    this.#ended = true;
  }

  #pull(): Promise<StreamClosed> {
    let written = 0;
    const rest = (): Promise<void> => {
      written = 0;
      return nextTurn();
    };
    return pump(this.#open.events, {
      room: () => this.#outbox.room() ?? (written >= burst ? rest() : undefined),
      take: ({ json, ascii }) => {
        written += 1;
        if (!this.#ended) this.#outbox.queue(`${this.#method.eventPrefix}${json}}`, ascii);
      },
      flush: () => this.#outbox.flush(),
    });
  }

  #finish(closed: StreamClosed): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#outbox.send(`${this.#method.closedPrefix}${JSON.stringify(closed)}}`);
  }
}
