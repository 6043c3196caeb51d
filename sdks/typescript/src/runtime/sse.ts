/** One frame of an event stream. */
export interface SseFrame {
  id: string | undefined;
  event: string;
  data: string;
}

/** Parses an event stream from pieces that may end anywhere, inside a character or a line end too. */
export class SseParser {
  readonly #decoder = new TextDecoder("utf-8", { fatal: true });
  #rest = "";
  #id: string | undefined;
  #event = "";
  #data: string[] = [];
  #skipLineFeed = false;

  /** The frames that this piece completes. */
  push(piece: Uint8Array): SseFrame[] {
    let text = this.#decoder.decode(piece, { stream: true });
    // A CR that ended the last piece already ended its line: the LF of a CRLF belongs to it.
    if (this.#skipLineFeed && text !== "") {
      if (text.startsWith("\n")) text = text.slice(1);
      this.#skipLineFeed = false;
    }
    this.#skipLineFeed ||= text.endsWith("\r");
    const lines = (this.#rest + text).split(/\r\n|\r|\n/);
    this.#rest = lines.pop() ?? "";
    return lines.flatMap((line) => this.#line(line) ?? []);
  }

  #line(line: string): SseFrame | undefined {
    if (line === "") return this.#finish();
    const colon = line.indexOf(":");
    if (colon === 0) return undefined;
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "id") this.#id = value;
    else if (field === "event") this.#event = value;
    else if (field === "data") this.#data.push(value);
    return undefined;
  }

  #finish(): SseFrame | undefined {
    const frame = { id: this.#id, event: this.#event || "message", data: this.#data.join("\n") };
    const empty = this.#data.length === 0;
    this.#id = undefined;
    this.#event = "";
    this.#data = [];
    return empty ? undefined : frame;
  }
}
