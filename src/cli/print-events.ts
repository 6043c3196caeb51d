import { type AnyEvent, type EventNote, eventNote, resultText } from "./event-note.js";
import { HostSilence } from "./host-silence.js";
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

/**
 * Prints a stream: text as it comes, the rest as dim notes; with `json` one event a line. When the reader of the output
 * leaves, the stream is closed. Returns 1 when the interaction failed.
 */
export async function printEvents(
  events: Events,
  json: boolean,
  printer = new EventPrinter(),
): Promise<number> {
  let closed: Promise<void> | undefined;
  const close = (): void => {
    closed = events.close().catch(() => undefined);
  };
  readerLeft.addEventListener("abort", close);
  if (readerLeft.aborted) close();
  const unwatch = watchReader(process.stdout.fd, markReaderLeft);
  let code = 0;
  try {
    for await (const item of events) {
      const { event } = item as Item;
      if (event.kind === "interaction_failed") code = 1;
      if (json) print(JSON.stringify(item));
      else printer.take(item as Item);
    }
  } finally {
    unwatch();
    readerLeft.removeEventListener("abort", close);
    printer.end();
    // The daemon releases what the stream held before the command ends.
    await closed;
  }
  return code;
}

/** Prints events for a person. */
export class EventPrinter {
  readonly #silence = new HostSilence((text) => this.note({ text, style: "dim", hasLines: false }));
  #wroteText = false;
  #midLine = false;
  #hostSeen = false;

  /** Whether a host has worked on anything that was printed. */
  get hostSeen(): boolean {
    return this.#hostSeen;
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
    if (event.kind === "interaction_complete" && !this.#wroteText && event.result !== null)
      this.#line(resultText(event.result));
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
