import type { Readable } from "node:stream";
import { StringDecoder } from "node:string_decoder";

/** Silence after the command's exit that ends the reading, milliseconds. */
export const drainIdleMs = 100;
/** The longest that output is read after the exit, milliseconds and bytes, whoever writes it. */
export const drainLimitMs = 1_000;
const drainLimitBytes = 8 * 1024 * 1024;

/** One pipe of a command as whole characters; bytes that are no UTF-8 become U+FFFD. */
export class DrainedOutput {
  readonly #pipe: Readable;
  readonly #take: (text: string) => void;
  readonly #decoder = new StringDecoder("utf8");
  readonly #ended = Promise.withResolvers<void>();
  #over = false;
  #draining = false;
  /** Bytes since the drain began. */
  #drained = 0;

  constructor(pipe: Readable, take: (text: string) => void) {
    this.#pipe = pipe;
    this.#take = take;
    pipe.on("data", (bytes: Buffer) => this.#add(bytes));
    // A pipe that breaks has no more to give.
    pipe.once("error", () => this.#end());
    pipe.once("close", () => this.#end());
  }

  pause(): void {
    if (!this.#draining) this.#pipe.pause();
  }

  resume(): void {
    this.#pipe.resume();
  }

  /**
   * Reads what the command has left in the pipe: to its end, to a silence, or to the limit, when another process holds it
   * open. Then the pipe is dropped, so that a later write to it fails.
   */
  async drain(limitMs = drainLimitMs): Promise<void> {
    this.#draining = true;
    this.#pipe.resume();
    const deadline = performance.now() + limitMs;
    let seen: number;
    do {
      seen = this.#drained;
      await Promise.race([this.#ended.promise, silence(Math.min(drainIdleMs, limitMs))]);
    } while (
      !this.#over &&
      this.#drained !== seen &&
      this.#drained < drainLimitBytes &&
      performance.now() < deadline
    );
    this.#pipe.destroy();
    this.#end();
  }

  #add(bytes: Buffer): void {
    if (this.#over) return;
    if (this.#draining) this.#drained += bytes.length;
    const text = this.#decoder.write(bytes);
    if (text !== "") this.#take(text);
  }

  #end(): void {
    if (this.#over) return;
    this.#over = true;
    const rest = this.#decoder.end();
    if (rest !== "") this.#take(rest);
    this.#ended.resolve();
  }
}

/** Resolves after the time and one more look for input: a timer that is late runs before what has come meanwhile is read. */
function silence(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(() => setImmediate(resolve), ms));
}
