import type { Session } from "../sdks/typescript/src/browser.js";
import { element } from "./dom.js";
import { presenceOf } from "./presence.js";

/** Draws the sessions; rows are kept by id, so that focus and hover survive a refresh. */
export class SessionList {
  readonly #root: HTMLElement;
  readonly #select: (session: Session) => void;
  /** The selection that is scrolled into sight. */
  #selected: string | undefined;
  readonly #rows = new Map<string, { item: HTMLElement; button: HTMLButtonElement; drawn: string }>();

  constructor(root: HTMLElement, select: (session: Session) => void) {
    this.#root = root;
    this.#select = select;
    // A window that becomes narrow has a short list, which shows its beginning.
    if (root.parentElement !== null) new ResizeObserver(() => this.#reveal()).observe(root.parentElement);
  }

  /** Draws them; a selection that is new is scrolled into sight. */
  draw(sessions: readonly Session[], selected: string | undefined): void {
    const ids = new Set(sessions.map((session) => session.session_id));
    for (const [id, row] of this.#rows) {
      if (ids.has(id)) continue;
      row.item.remove();
      this.#rows.delete(id);
    }
    this.#root.querySelector(".empty")?.remove();
    if (sessions.length === 0) this.#root.append(emptyList());
    sessions.forEach((session, index) => {
      const row = this.#row(session.session_id);
      const drawn = JSON.stringify([
        session.name,
        session.state,
        session.unread,
        session.description,
        session.session_id === selected,
      ]);
      if (row.drawn !== drawn) {
        row.drawn = drawn;
        row.button.className = session.state;
        row.button.setAttribute("aria-current", String(session.session_id === selected));
        row.button.onclick = () => this.#select(session);
        row.button.replaceChildren(
          element("span", "dot"),
          element("span", "name", session.name),
          element("span", "hidden", presenceOf(session)),
          element("span", "unread", session.unread > 0 ? `${session.unread} waiting` : ""),
          ...(session.description === undefined ? [] : [element("span", "about", session.description)]),
        );
      }
      if (this.#root.children[index] !== row.item)
        this.#root.insertBefore(row.item, this.#root.children[index] ?? null);
    });
    if (selected === this.#selected) return;
    this.#selected = selected;
    this.#reveal();
  }

  #reveal(): void {
    if (this.#selected !== undefined)
      this.#rows.get(this.#selected)?.item.scrollIntoView({ block: "nearest" });
  }

  #row(id: string): { item: HTMLElement; button: HTMLButtonElement; drawn: string } {
    const found = this.#rows.get(id);
    if (found !== undefined) return found;
    const button = document.createElement("button");
    button.type = "button";
    const row = { item: element("li", "", button), button, drawn: "" };
    this.#rows.set(id, row);
    return row;
  }
}

function emptyList(): HTMLElement {
  return element("li", "empty", "No sessions yet.");
}
