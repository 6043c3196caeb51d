import { element } from "./dom.js";

/** Rows drawn above and below what is seen, so that scrolling meets no gap. */
const overscan = 12;

/**
 * A list of rows of one height, of which only those in sight are in the page. Up, Down, Home, End and the page keys move
 * the active row, Enter opens it.
 */
export class VirtualList<Row> {
  readonly #scroller: HTMLElement;
  readonly #canvas = element("div", "canvas");
  readonly #probe = element("div", "row probe", "0");
  readonly #draw: (row: Row, into: HTMLElement) => void;
  readonly #open: (row: Row) => void;
  readonly #elements: HTMLElement[] = [];
  #rows: readonly Row[] = [];
  #active: Row | undefined;
  #frame = 0;
  /** The reader is at the end and wants to stay there. */
  #follows = true;
  /** Painted since it came into sight: only then a scroll is the reader's. */
  #inSight = false;
  #top = 0;

  constructor(scroller: HTMLElement, draw: (row: Row, into: HTMLElement) => void, open: (row: Row) => void) {
    this.#scroller = scroller;
    this.#draw = draw;
    this.#open = open;
    this.#probe.setAttribute("aria-hidden", "true");
    scroller.replaceChildren(this.#canvas, this.#probe);
    scroller.addEventListener(
      "scroll",
      () => {
        if (!this.#inSight) return;
        this.#follows = this.#atEnd();
        this.#top = scroller.scrollTop;
        this.#later();
      },
      { passive: true },
    );
    scroller.addEventListener("keydown", (event) => this.#key(event));
    scroller.addEventListener("click", (event) => {
      const at = this.#elements.findIndex((one) => one.contains(event.target as Node));
      const row = at < 0 ? undefined : this.#rows[this.#first() + at];
      if (row !== undefined) this.#activate(this.#rows.indexOf(row), true);
    });
    new ResizeObserver(() => this.#later()).observe(scroller);
  }

  get follows(): boolean {
    return this.#follows;
  }

  /** Shows these rows, at once; `gone` of the former ones have left at the beginning. */
  set(rows: readonly Row[], gone = 0): void {
    if (gone > 0 && !this.#follows) {
      this.#top -= gone * this.#height();
      this.#scroller.scrollTop = this.#top;
    }
    this.#rows = rows;
    this.#paint();
  }

  toEnd(): void {
    this.#follows = true;
    this.#later();
  }

  #height(): number {
    return this.#probe.offsetHeight || 28;
  }

  #first(): number {
    return Math.max(0, Math.floor(this.#scroller.scrollTop / this.#height()) - overscan);
  }

  #atEnd(): boolean {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroller;
    return scrollHeight - scrollTop - clientHeight < 2 * this.#height();
  }

  #later(): void {
    if (this.#frame === 0) this.#frame = requestAnimationFrame(() => this.#paint());
  }

  #paint(): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    if (this.#scroller.clientHeight === 0) {
      this.#inSight = false;
      return;
    }
    const height = this.#height();
    // Through the object model: the page's policy forbids styles in the markup.
    this.#canvas.style.height = `${this.#rows.length * height}px`;
    // A browser forgets where a list was that went out of sight.
    if (this.#follows) this.#scroller.scrollTop = this.#scroller.scrollHeight;
    else if (!this.#inSight) this.#scroller.scrollTop = this.#top;
    this.#inSight = true;
    const first = this.#first();
    const seen = Math.ceil(this.#scroller.clientHeight / height) + 2 * overscan;
    const rows = this.#rows.slice(first, first + seen);
    while (this.#elements.length < rows.length) {
      const made = element("div", "row");
      made.id = `${this.#scroller.id}-${this.#elements.length}`;
      made.setAttribute("role", "option");
      this.#elements.push(made);
      this.#canvas.append(made);
    }
    for (const extra of this.#elements.splice(rows.length)) extra.remove();
    this.#scroller.removeAttribute("aria-activedescendant");
    rows.forEach((row, index) => {
      const into = this.#elements[index]!;
      this.#draw(row, into);
      into.style.transform = `translateY(${(first + index) * height}px)`;
      into.setAttribute("aria-setsize", String(this.#rows.length));
      into.setAttribute("aria-posinset", String(first + index + 1));
      into.setAttribute("aria-selected", String(row === this.#active));
      if (row === this.#active) this.#scroller.setAttribute("aria-activedescendant", into.id);
    });
  }

  #key(event: KeyboardEvent): void {
    const { key } = event;
    const page = Math.max(1, Math.floor(this.#scroller.clientHeight / this.#height()) - 1);
    const last = this.#rows.length - 1;
    const at = this.#active === undefined ? -1 : this.#rows.indexOf(this.#active);
    const from = at < 0 ? Math.min(last, this.#first() + overscan) : at;
    const moves: Record<string, number> = {
      ArrowUp: at < 0 ? last : from - 1,
      ArrowDown: at < 0 ? from : from + 1,
      PageUp: from - page,
      PageDown: from + page,
      Home: 0,
      End: last,
    };
    if (key === "Enter" && at >= 0) this.#open(this.#rows[at]!);
    else if (key in moves && last >= 0) this.#activate(Math.max(0, Math.min(last, moves[key]!)), false);
    else return;
    event.preventDefault();
  }

  #activate(index: number, open: boolean): void {
    const row = this.#rows[index];
    if (row === undefined) return;
    this.#active = row;
    const height = this.#height();
    const { scrollTop, clientHeight } = this.#scroller;
    if (index * height < scrollTop) this.#scroller.scrollTop = index * height;
    else if ((index + 1) * height > scrollTop + clientHeight)
      this.#scroller.scrollTop = (index + 1) * height - clientHeight;
    this.#follows = this.#atEnd();
    this.#top = this.#scroller.scrollTop;
    this.#later();
    if (open) this.#open(row);
  }
}
