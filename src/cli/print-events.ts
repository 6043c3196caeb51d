import { type AnyEvent, type EventNote, eventNote, resultText } from "./event-note.js";
import { HostSilence } from "./host-silence.js";
import { answerCommand, OpenQuestions } from "./open-questions.js";
import { markReaderLeft, note, noteBlock, paint, print, printText, readerLeft } from "./output.js";
import { watchReader } from "./reader-watch.js";

interface Item {
  at: string;
  interaction_id?: string;
  event: AnyEvent;
}

/** Events that can be closed while the next one is awaited. */
interface Events extends AsyncIterable<unknown> {
  close(): Promise<void>;
}

/** How long the daemon may take to release a stream that is closed from here, milliseconds. */
const closeLimitMs = 1_000;

export interface PrintOptions {
  json: boolean;
  printer?: EventPrinter;
  /** Ends the reading: the time of the command is over. */
  end?: AbortSignal;
}

export interface Printed {
  /** An interaction failed. */
  failed: boolean;
  /** The stream was closed from here before it ended. */
  cut: boolean;
}

/**
 * Prints a stream: text as it comes, the rest as dim notes; with `json` one event a line. When the reader of the output
 * leaves and when the time is over, the stream is closed and what it held is released, or given up when the daemon hangs.
 */
export async function printEvents(events: Events, options: PrintOptions): Promise<Printed> {
  const { json, printer = new EventPrinter(), end } = options;
  const ends = end === undefined ? readerLeft : AbortSignal.any([readerLeft, end]);
  const printed = { failed: false, cut: false };
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  const close = (): void => {
    printed.cut = true;
    const pause = setTimeout(resolve, closeLimitMs);
    void events
      .close()
      .catch(() => undefined)
      .finally(() => clearTimeout(pause))
      .then(resolve);
  };
  const read = async (): Promise<void> => {
    for await (const item of events) {
      if (printed.cut) return;
      const { event } = item as Item;
      if (event.kind === "interaction_failed") printed.failed = true;
      if (json) print(JSON.stringify(item));
      else printer.take(item as Item);
    }
  };
  const unwatch = watchReader(process.stdout.fd, markReaderLeft);
  ends.addEventListener("abort", close);
  if (ends.aborted) close();
  try {
    // A stream that ends because it was closed is released when the close is answered.
    await Promise.race([read().then(() => (printed.cut ? closed : undefined)), closed]);
  } finally {
    unwatch();
    ends.removeEventListener("abort", close);
    printer.end();
  }
  return printed;
}

/** Prints events for a person. */
export class EventPrinter {
  readonly #silence: HostSilence;
  /** By interaction. */
  readonly #questions = new Map<string, OpenQuestions>();
  #wroteText = false;
  #midLine = false;
  #hostSeen = false;

  /** `awaitsHost`: the events are those of one interaction, which a host has to take. */
  constructor({ awaitsHost = false } = {}) {
    this.#silence = new HostSilence((text) => this.note({ text, style: "dim", hasLines: false }), awaitsHost);
  }

  /** Prints why nothing comes yet, unless something came meanwhile. */
  explainWait(text: string): void {
    if (this.#hostSeen) return;
    this.#silence.explained();
    this.note({ text, style: "dim", hasLines: false });
  }

  take(item: Item): void {
    const { event } = item;
    if (event.kind !== "interaction_started" && event.kind !== "delivery_updated") this.#hostSeen = true;
    if (this.#silence.take(item)) return;
    switch (event.kind) {
      case "text_delta":
        this.#text(String(event.delta));
        this.#wroteText = true;
        return;
      case "text_complete":
        if (!this.#wroteText) this.#line(String(event.text));
        return;
      case "turn_started":
      case "interaction_started":
        // In a pipe too, texts of two turns are not one line.
        this.#endLine();
        this.#wroteText = false;
    }
    const found = eventNote(event);
    if (found !== undefined) this.note(found);
    this.#suggestAnswer(item);
    if (event.kind === "interaction_complete" && !this.#wroteText && event.result !== null)
      this.#line(resultText(event.result));
  }

  /** Below a question: what to type to answer it. */
  #suggestAnswer({ interaction_id: id, event }: Item): void {
    if (id === undefined) return;
    const questions = this.#questions.get(id) ?? new OpenQuestions();
    questions.take(event);
    if (questions.ended || questions.all.length === 0) this.#questions.delete(id);
    else this.#questions.set(id, questions);
    if (event.kind !== "interaction_input_required") return;
    this.note({ text: `  answer with: ${answerCommand(id, questions)}`, style: "dim", hasLines: false });
  }

  /** A note; on a terminal it begins a line of its own. */
  note({ text, style, hasLines }: EventNote): void {
    if (process.stdout.isTTY) this.#endLine();
    if (hasLines) noteBlock(style, text);
    else note(paint(style, text));
  }

  /** Nothing more comes. */
  end(): void {
    this.#silence.stop();
    this.#endLine();
  }

  #text(text: string): void {
    printText(text);
    if (text !== "") this.#midLine = !text.endsWith("\n");
  }

  #line(text: string): void {
    this.#endLine();
    printText(`${text}\n`);
  }

  #endLine(): void {
    if (this.#midLine) printText("\n");
    this.#midLine = false;
  }
}
