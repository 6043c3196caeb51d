import type { Socket } from "node:net";
import { WebSocket } from "ws";
import { textFrame } from "./text-frame.js";

/** Queued frames leave on their own when they are more than this together. */
const queueBytes = 64 * 1024;

/**
 * The sending side of a WebSocket: frames of one turn leave in one write, and whoever produces more than the socket
 * takes can wait for it. While the client does not read, its own requests are not read either. Frames go to the socket
 * past `ws`, in one piece each; nothing of its own can be on the way there, because messages are not compressed.
 */
export class Outbox {
  readonly #ws: WebSocket;
  readonly #socket: Socket;
  readonly #limit: number;
  #corked = false;
  /** Frames as one character for each byte. */
  #queue = "";
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
    this.flush();
    if (!this.#corked) {
      this.#corked = true;
      this.#socket.cork();
      process.nextTick(() => this.#uncork());
    }
    this.#socket.write(textFrame(frame), "latin1");
  }

  /** Takes a frame that leaves with the next `flush`, together with others. `ascii`: it is known to be that. */
  queue(frame: string, ascii = false): void {
    if (this.#ws.readyState !== WebSocket.OPEN) return;
    this.#queue += textFrame(frame, ascii);
    if (this.#queue.length > queueBytes) this.flush();
  }

  flush(): void {
    const frames = this.#queue;
    if (frames === "") return;
    this.#queue = "";
    if (this.#ws.readyState !== WebSocket.OPEN) return;
    this.#socket.write(frames, "latin1");
    if (this.#overfull) this.#ws.pause();
  }

  /** Resolves when the socket took what it had, or is gone; undefined when nothing needs to wait. */
  room(): Promise<void> | undefined {
    if (!this.#overfull) return undefined;
    this.flush();
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
    this.flush();
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
    return (
      this.#socket.writableLength + this.#queue.length > this.#limit && this.#ws.readyState === WebSocket.OPEN
    );
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
