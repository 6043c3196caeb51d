import { LineReader } from "./line-reader.js";

/** One event of an event stream. */
export interface SseFrame {
  /** The last id that the stream has set, with this event or an earlier one; empty without one. */
  id: string;
  /** Its type, `message` by default. */
  event: string;
  data: string;
}

const defaultMaxBytes = 64 * 1024 * 1024;

/**
 * Parses an event stream from pieces that may end anywhere, as the WHATWG format says, in time that grows with the bytes
 * alone. Two points differ from it: bytes that are not UTF-8 are refused instead of replaced, because they would change
 * data unseen, and `retry` is ignored, because the SDK has its own backoff.
 */
export class SseParser {
  readonly #maxBytes: number;
  readonly #lines: LineReader;
  #id = "";
  #event = "";
  #data: string[] = [];
  /** Of the lines in `#data`. */
  #bytes = 0;
  #failure: unknown;

  /** `maxBytes` bounds one event. Default: 64 MiB. */
  constructor(maxBytes = defaultMaxBytes) {
    this.#maxBytes = maxBytes;
    this.#lines = new LineReader(maxBytes);
  }

  /**
   * The events that this piece completes. Throws when the stream breaks the format or a bound; events before that place
   * are returned first, and the next call throws.
   */
  push(piece: Uint8Array): SseFrame[] {
    if (this.#failure !== undefined) throw this.#failure;
    const frames: SseFrame[] = [];
    try {
      this.#lines.push(piece, (line, bytes) => {
        const frame = this.#take(line, bytes);
        if (frame !== undefined) frames.push(frame);
      });
    } catch (error) {
      this.#failure = error;
      if (frames.length === 0) throw error;
    }
    return frames;
  }

  #take(line: string, bytes: number): SseFrame | undefined {
    if (this.#bytes + bytes > this.#maxBytes)
      throw new RangeError(`an event is longer than ${this.#maxBytes} bytes`);
    if (line === "") return this.#finish();
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
    if (field === "data") {
      this.#data.push(value);
      this.#bytes += bytes;
    } else if (field === "event") this.#event = value;
    else if (field === "id" && !value.includes("\0")) this.#id = value;
    return undefined;
  }

  #finish(): SseFrame | undefined {
    const frame = { id: this.#id, event: this.#event || "message", data: this.#data.join("\n") };
    const isEmpty = this.#data.length === 0;
    this.#event = "";
    this.#data = [];
    this.#bytes = 0;
    return isEmpty ? undefined : frame;
  }
}
