import { styleText } from "node:util";
import { visibleLine, visibleText } from "../terminal-text.js";

export type Style = "bold" | "dim" | "red" | "green" | "yellow" | "cyan";

/** A text with a style, which only a terminal gets. */
export class Painted {
  readonly style: Style;
  readonly text: string;

  constructor(style: Style, text: string) {
    this.style = style;
    this.text = text;
  }

  toString(): string {
    return this.text;
  }
}

export type Piece = string | Painted;
export type Line = readonly Piece[];

export function paint(style: Style, text: string): Painted {
  return new Painted(style, text);
}

/**
 * The only way of text out of the command line. On a terminal nothing in it is obeyed but the line breaks that are meant
 * and the styles that are painted here: controls are shown, no matter who wrote them. To a pipe or a file every text goes as it is.
 */
class Sink {
  readonly #stream: NodeJS.WriteStream;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  /** One line; a line break in it is shown too. */
  line(pieces: Line): void {
    this.#stream.write(`${pieces.map((piece) => this.#piece(piece)).join("")}\n`);
  }

  /** Text of any number of lines, without a line break of its own. */
  text(text: string): void {
    this.#stream.write(this.#stream.isTTY ? visibleText(text) : text);
  }

  #piece(piece: Piece): string {
    if (!this.#stream.isTTY) return String(piece);
    const shown = visibleLine(String(piece));
    return piece instanceof Painted ? styleText(piece.style, shown, { stream: this.#stream }) : shown;
  }
}

const out = new Sink(process.stdout);
const err = new Sink(process.stderr);

const left = new AbortController();
let failure: Error | undefined;

/** Aborts when the reader of stdout has left: the command ends quietly and releases what it holds. */
export const readerLeft: AbortSignal = left.signal;

process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  // Later writes fail because the first one did.
  if (error.code !== "EPIPE" && !left.signal.aborted) failure = error;
  left.abort();
});
// Notes that have no reader are lost, which fails nothing.
process.stderr.on("error", () => undefined);

/** Reports that the reader of stdout was seen to leave. */
export function markReaderLeft(): void {
  left.abort();
}

/** Resolves when all output is written; rejects when it could not be, but not because its reader has left. */
export async function outputWritten(): Promise<void> {
  await new Promise<void>((resolve) => process.stdout.write("", () => resolve()));
  if (failure !== undefined) throw new Error(`Could not write the output: ${failure.message}`);
}

/** A line of output. */
export function print(...pieces: Piece[]): void {
  out.line(pieces);
}

/** Output of any number of lines as it is, without a line break of its own. */
export function printText(text: string): void {
  out.text(text);
}

export function printJson(value: unknown): void {
  out.text(`${JSON.stringify(value, null, process.stdout.isTTY ? 2 : undefined)}\n`);
}

/** A line for the person, kept apart from the output proper. */
export function note(...pieces: Piece[]): void {
  err.line(pieces);
}

/** A text of any number of lines for the person; the lines after the first are indented, so that none looks like another note. */
export function noteBlock(style: Style, text: string): void {
  for (const [at, line] of text.trimEnd().split("\n").entries())
    note(paint(style, at === 0 ? line : `  ${line}`));
}

/** Text of any number of lines for the person, without a line break of its own. */
export function noteText(text: string): void {
  err.text(text);
}

/** Writes over the terminal's present line; nothing elsewhere. */
export function redraw(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r${visibleLine(text)}`);
}
