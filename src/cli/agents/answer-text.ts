/** An answer's text as its result may carry it: a whole request has to fit 1 MiB, and JSON may escape each character. */
const largest = 512 * 1024;

/** Collects an answer for the interaction's result; the events carry all of it, whatever its size. */
export class AnswerText {
  #text = "";
  #size = 0;
  #truncated = false;

  add(piece: string): void {
    this.#size += Buffer.byteLength(JSON.stringify(piece));
    if (this.#size > largest) this.#truncated = true;
    else this.#text += piece;
  }

  get text(): string {
    return this.#text;
  }

  /** `truncated` when the text was too long for a result: its beginning is here, the whole in the events. */
  get result(): { body: string; truncated?: true } {
    return this.#truncated ? { body: this.#text, truncated: true } : { body: this.#text };
  }
}
