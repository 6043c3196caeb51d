import type { ServerResponse } from "node:http";
import type { Call } from "../../kernel/context.js";
import { eventStreamHeaders, heartbeatMs, retryMs } from "../http/reply.js";

/** JSON-RPC messages as server-sent events on one response. */
export class EventStream {
  readonly #response: ServerResponse;
  #stopHeartbeat: () => void;

  constructor(response: ServerResponse, call: Call, headers: readonly string[] = []) {
    this.#response = response;
    response.writeHead(200, [...eventStreamHeaders(call.requestId), ...headers]);
    response.write(`retry: ${retryMs}\n\n`);
    const beat = (): void => {
      if (!this.isBehind && !response.destroyed) response.write(": hb\n\n");
      this.#stopHeartbeat = call.clock.after(heartbeatMs, beat);
    };
    this.#stopHeartbeat = call.clock.after(heartbeatMs, beat);
    response.once("close", () => this.#stopHeartbeat());
  }

  /** The client does not take what is sent. */
  get isBehind(): boolean {
    return this.#response.writableNeedDrain;
  }

  send(message: string): void {
    const response = this.#response;
    if (!response.writableEnded && !response.destroyed)
      response.write(`event: message\ndata: ${message}\n\n`);
  }

  /** Calls once when the client has taken what was sent. */
  drained(then: () => void): void {
    this.#response.once("drain", then);
  }

  end(): void {
    this.#stopHeartbeat();
    this.#response.end();
  }

  /** Ends it now: a client that takes nothing would not see the end for as long as it likes. */
  cut(): void {
    if (this.isBehind) this.#response.destroy();
    else this.end();
  }
}
