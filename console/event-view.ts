import type { CommsStreamEvent } from "../sdks/typescript/src/browser.js";
import { describeEvent, rawOf, words } from "./describe-event.js";
import { byId, clock, element } from "./dom.js";
import { EventLog, type Row } from "./event-log.js";
import { VirtualList } from "./virtual-list.js";

/** The live stream of a session, one event a row, with its filter and the event that was opened. */
export class EventView {
  readonly #log = new EventLog();
  readonly #list: VirtualList<Row>;
  readonly #count = byId("event-count");
  readonly #kind = byId<HTMLSelectElement>("filter-kind");
  readonly #text = byId<HTMLInputElement>("filter-text");
  readonly #chip = byId<HTMLButtonElement>("filter-interaction");
  readonly #newest = byId<HTMLButtonElement>("newest");
  readonly #detail = byId("event-detail");
  #interactionId = "";
  #frame = 0;
  #gone = 0;

  constructor() {
    this.#list = new VirtualList(byId("events"), drawRow, (row) => this.#open(row));
    this.#kind.addEventListener("change", () => this.#refilter());
    this.#text.addEventListener("input", () => this.#refilter());
    this.#chip.addEventListener("click", () => this.filterByInteraction(""));
    this.#newest.addEventListener("click", () => {
      this.#list.toEnd();
      this.#newest.hidden = true;
    });
    byId("events").addEventListener("scroll", () => {
      if (this.#list.follows) this.#newest.hidden = true;
    });
    byId("event-close").addEventListener("click", () => this.#close());
    this.#detail.addEventListener("keydown", (event) => event.key === "Escape" && this.#close());
    this.#text.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      this.#text.value = "";
      this.#refilter();
    });
  }

  clear(): void {
    this.#log.clear();
    this.#detail.hidden = true;
    this.#newest.hidden = true;
    this.#list.toEnd();
    this.filterByInteraction("");
  }

  add(item: CommsStreamEvent): void {
    this.#gone += this.#log.add(item);
    if (!this.#list.follows) this.#newest.hidden = false;
    if (this.#frame === 0) this.#frame = requestAnimationFrame(() => this.draw());
  }

  filterByInteraction(id: string): void {
    this.#interactionId = id;
    this.#chip.hidden = id === "";
    this.#chip.textContent = `interaction …${id.slice(-6)} ✕`;
    this.#chip.setAttribute("aria-label", `Show all interactions again, not only ${id}`);
    this.#refilter();
  }

  /** Also needed when the view comes into sight: what cannot be seen is not drawn. */
  draw(): void {
    this.#frame = 0;
    this.#offerKinds();
    const { shown, size } = this.#log;
    this.#list.set(shown, this.#gone);
    this.#gone = 0;
    const all = size === shown.length;
    this.#count.textContent = all
      ? `${size.toLocaleString()} events`
      : `${shown.length.toLocaleString()} of ${size.toLocaleString()} events`;
    byId("events-empty").hidden = shown.length > 0;
    byId("events-empty").textContent =
      size === 0
        ? "No events yet. Each thing that happens in this session becomes a row here, while it happens."
        : "No event passes the filter. Escape in the field clears its text.";
  }

  #refilter(): void {
    this.#log.filter = { kind: this.#kind.value, text: this.#text.value, interactionId: this.#interactionId };
    this.draw();
  }

  #offerKinds(): void {
    const offered = new Set([...this.#kind.options].map((option) => option.value));
    for (const kind of [...this.#log.kinds].sort())
      if (!offered.has(kind)) this.#kind.append(new Option(words(kind), kind));
  }

  #open({ item }: Row): void {
    byId("event-title").textContent = `${describeEvent(item.event).label} · ${clock(item.at)}`;
    const { event, ...around } = item;
    byId("event-json").textContent = JSON.stringify({ ...around, event: rawOf(event) }, null, 2);
    this.#detail.hidden = false;
  }

  #close(): void {
    this.#detail.hidden = true;
    byId("events").focus();
  }
}

/** The cells stay and take new text: making them anew for each row that scrolls by would take most of a frame. */
function drawRow({ item, label, text, tone }: Row, into: HTMLElement): void {
  if (into.dataset.event === item.event_id) return;
  into.dataset.event = item.event_id;
  into.className = `row ${tone}`;
  if (into.childElementCount === 0)
    into.append(
      element("span", "sequence"),
      element("time", ""),
      element("span", "label"),
      element("span", "said"),
    );
  const cells = [item.sequence === undefined ? "" : String(item.sequence), clock(item.at), label, text];
  for (const [index, cell] of cells.entries()) into.children[index]!.textContent = cell;
}
