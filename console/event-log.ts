import type { CommsStreamEvent } from "../sdks/typescript/src/browser.js";
import { describeEvent, kindOf, type Line } from "./describe-event.js";

/** An event as a row of the stream. */
export interface Row extends Line {
  item: CommsStreamEvent;
  kind: string;
  /** What the filter's text is looked for in, in lower case. */
  haystack: string;
}

export interface EventFilter {
  /** Kinds to show; empty is all. `-deltas` leaves the pieces of texts out. */
  kind: string;
  text: string;
  interactionId: string;
}

/** Events of one session that the page keeps; the daemon's log keeps more. */
const most = 10_000;
/** How many go at once when there are too many: moving them one by one would cost each event. */
const slack = 500;
const longestLine = 400;

/** The kept events and those of them that pass the filter. */
export class EventLog {
  #rows: Row[] = [];
  #shown: Row[] = [];
  #filter: EventFilter = { kind: "", text: "", interactionId: "" };
  readonly kinds = new Set<string>();

  get size(): number {
    return this.#rows.length;
  }

  get shown(): readonly Row[] {
    return this.#shown;
  }

  get filter(): EventFilter {
    return this.#filter;
  }

  set filter(filter: EventFilter) {
    this.#filter = { ...filter, text: filter.text.toLowerCase() };
    this.#shown = this.#rows.filter((row) => this.#passes(row));
  }

  clear(): void {
    this.#rows = [];
    this.#shown = [];
    this.kinds.clear();
  }

  /** Returns how many shown rows left at the beginning. */
  add(item: CommsStreamEvent): number {
    const { label, text, tone } = describeEvent(item.event);
    const line = text.length > longestLine ? `${text.slice(0, longestLine)}…` : text;
    const haystack = `${label} ${line} ${item.interaction_id ?? ""}`.toLowerCase();
    const row: Row = {
      label,
      tone,
      text: line.replace(/\s+/g, " "),
      item,
      kind: kindOf(item.event),
      haystack,
    };
    this.kinds.add(row.kind);
    this.#rows.push(row);
    if (this.#passes(row)) this.#shown.push(row);
    return this.#rows.length > most + slack ? this.#forget() : 0;
  }

  #forget(): number {
    const gone = new Set(this.#rows.splice(0, this.#rows.length - most));
    const before = this.#shown.length;
    this.#shown = this.#shown.filter((row) => !gone.has(row));
    return before - this.#shown.length;
  }

  #passes(row: Row): boolean {
    const { kind, text, interactionId } = this.#filter;
    if (interactionId !== "" && row.item.interaction_id !== interactionId) return false;
    if (kind === "-deltas" ? row.kind.endsWith("_delta") : kind !== "" && row.kind !== kind) return false;
    return text === "" || row.haystack.includes(text);
  }
}
