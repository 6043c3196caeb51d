import type { Socket } from "node:net";
import { WebSocket } from "ws";

/**
 * The sending side of a WebSocket: frames of one turn leave in one write, and whoever produces more than the socket
 * takes can wait for it. While the client does not read, its own requests are not read either.
 */
export class Outbox {
  readonly #ws: WebSocket;
  readonly #socket: Socket;
  readonly #limit: number;
  #corked = false;
  #held = false;
  #waiting = false;
  #flushed = 0;
  #drained: PromiseWithResolvers<void> | undefined;

  constructor(ws: WebSocket, socket: Socket, limit: number) {
    this.#ws = ws;
    this.#socket = socket;
    this.#limit = limit;
    socket.on("drain", () => this.#release());
    ws.once("close", () => this.#release());
  }

  send(frame: string): void {
    if (this.#ws.readyState !== WebSocket.OPEN) return;
    if (!this.#corked) {
      this.#corked = true;
      this.#socket.cork();
      process.nextTick(() => this.#uncork());
    }
    this.#ws.send(frame);
  }

  /** Resolves when the socket took what it had, or is gone; undefined when nothing needs to wait. */
  room(): Promise<void> | undefined {
    if (!this.#overfull) return undefined;
    this.#drained ??= Promise.withResolvers<void>();
    return this.#drained.promise;
  }

  /** Stops reading the client's frames until `unhold`; some that have already arrived may still come. */
  hold(): void {
    this.#held = true;
    this.#ws.pause();
  }

  unhold(): void {
    this.#held = false;
    if (!this.#overfull) this.#ws.resume();
  }

  /** Sends the closing frame behind everything written so far. */
  close(code: number, reason: string): void {
    this.#held = false;
    this.#ws.resume();
    this.#ws.close(code, reason);
  }

  /**
   * Whether the client took bytes since the last question that were waiting then. Bytes that never had to wait say
   * nothing: the system takes them also for a client that is long gone.
   */
  tookBacklog(): boolean {
    const flushed = this.#socket.bytesWritten - this.#socket.writableLength;
    const took = this.#waiting && flushed !== this.#flushed;
    this.#waiting = this.#socket.writableLength > 0;
    this.#flushed = flushed;
    return took;
  }

  get #overfull(): boolean {
    return this.#ws.readyState === WebSocket.OPEN && this.#ws.bufferedAmount > this.#limit;
  }

  #uncork(): void {
    this.#corked = false;
    this.#socket.uncork();
    if (this.#overfull) this.#ws.pause();
  }

  #release(): void {
    if (!this.#held) this.#ws.resume();
    this.#drained?.resolve();
    this.#drained = undefined;
  }
}
