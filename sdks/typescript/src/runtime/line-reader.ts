const lineFeed = 0x0a;
const carriageReturn = 0x0d;
/** A longer buffer is given back when its line is complete. */
const keptBytes = 65_536;

/**
 * Cuts UTF-8 into lines that end with LF, CRLF or CR, without a byte order mark at the beginning. The time grows with the
 * bytes alone, however small the pieces are.
 */
export class LineReader {
  readonly #decoder: InstanceType<typeof TextDecoder>;
  readonly #maxBytes: number;
  #isFirst = true;
  /** The beginning of a line whose end has not come yet: the first `#length` bytes. */
  #held = new Uint8Array(1_024);
  #length = 0;
  #skipLineFeed = false;

  /** `maxBytes` is the longest line without its end. Bytes that are not UTF-8 are refused, or replaced by U+FFFD. */
  constructor(maxBytes: number, invalid: "refuse" | "replace" = "refuse") {
    this.#maxBytes = maxBytes;
    this.#decoder = new TextDecoder("utf-8", { fatal: invalid === "refuse", ignoreBOM: true });
  }

  /** Calls `take` with each line that this piece completes. Throws when a line is too long or is refused. */
  push(piece: Uint8Array, take: (line: string, bytes: number) => void): void {
    if (piece.length === 0) return;
    // A CR that ended the last piece has ended its line: the LF of a CRLF belongs to it.
    let start = this.#skipLineFeed && piece[0] === lineFeed ? 1 : 0;
    this.#skipLineFeed = piece[piece.length - 1] === carriageReturn;
    // Each is searched for only beyond the one found before, so that no byte is looked at again for each line.
    let feed = indexFrom(piece, lineFeed, start);
    let carriage = indexFrom(piece, carriageReturn, start);
    while (feed < piece.length || carriage < piece.length) {
      const end = Math.min(feed, carriage);
      this.#finish(piece.subarray(start, end), take);
      start = carriage + 1 === feed ? feed + 1 : end + 1;
      if (feed < start) feed = indexFrom(piece, lineFeed, start);
      if (carriage < start) carriage = indexFrom(piece, carriageReturn, start);
    }
    this.#hold(piece.subarray(start));
  }

  #finish(tail: Uint8Array, take: (line: string, bytes: number) => void): void {
    let line = tail;
    if (this.#length === 0) this.#checkLength(tail.length);
    else {
      this.#hold(tail);
      line = this.#held.subarray(0, this.#length);
    }
    const text = line.length === 0 ? "" : this.#decoder.decode(line);
    this.#length = 0;
    if (this.#held.length > keptBytes) this.#held = new Uint8Array(keptBytes);
    take(this.#isFirst && text.startsWith("\ufeff") ? text.slice(1) : text, line.length);
    this.#isFirst = false;
  }

  #hold(bytes: Uint8Array): void {
    const length = this.#length + bytes.length;
    this.#checkLength(length);
    if (length > this.#held.length) {
      const larger = new Uint8Array(Math.max(length, 2 * this.#held.length));
      larger.set(this.#held.subarray(0, this.#length));
      this.#held = larger;
    }
    this.#held.set(bytes, this.#length);
    this.#length = length;
  }

  #checkLength(length: number): void {
    if (length > this.#maxBytes) throw new RangeError(`a line is longer than ${this.#maxBytes} bytes`);
  }
}

/** The index of the next such byte; the length of the piece when there is none. */
function indexFrom(piece: Uint8Array, byte: number, start: number): number {
  const index = piece.indexOf(byte, start);
  return index < 0 ? piece.length : index;
}
