import { button, element, time } from "./dom.js";

/** Something of a session's inbox that a person decides about. */
export interface Waiting {
  id: string;
  from: string;
  kind: string;
  at: string;
  /** Why it is here, or until when. */
  note: string;
  /** What was sent. */
  command: unknown;
}

export interface Decision {
  label: string;
  /** For the screen reader, with whose command it is. */
  says: (one: Waiting) => string;
  style: "primary" | "danger";
  take: (one: Waiting) => Promise<void>;
}

/** What waits for a decision, with a button for each; rows are kept by id, so that focus survives a refresh. */
export class WaitingList {
  readonly #root: HTMLElement;
  readonly #decisions: readonly Decision[];
  readonly #empty: Node;
  readonly #complain: (message: string) => void;
  readonly #rows = new Map<string, HTMLElement>();

  constructor(
    root: HTMLElement,
    decisions: readonly Decision[],
    empty: Node,
    complain: (message: string) => void,
  ) {
    this.#root = root;
    this.#decisions = decisions;
    this.#empty = empty;
    this.#complain = complain;
  }

  /** Shows nothing, not even that there is nothing: that is not known yet. */
  clear(): void {
    this.#rows.clear();
    this.#root.replaceChildren();
  }

  draw(waiting: readonly Waiting[]): void {
    const ids = new Set(waiting.map(({ id }) => id));
    for (const [id, row] of this.#rows) if (!ids.has(id)) this.#remove(id, row);
    if (waiting.length === 0) this.#root.replaceChildren(this.#empty);
    else (this.#empty as ChildNode).remove();
    for (const [index, one] of waiting.entries()) {
      const row = this.#rows.get(one.id) ?? this.#row(one);
      this.#rows.set(one.id, row);
      const there = this.#root.children[index];
      if (there !== row) this.#root.insertBefore(row, there ?? null);
    }
  }

  #remove(id: string, row: HTMLElement): void {
    // The keyboard goes on with the next row instead of falling to the top of the page.
    if (row.contains(document.activeElement))
      ((row.nextElementSibling ?? row.previousElementSibling)?.querySelector("button") ?? this.#root).focus();
    row.remove();
    this.#rows.delete(id);
  }

  #row(one: Waiting): HTMLElement {
    const buttons = this.#decisions.map((decision) => {
      const made = button(decision.style, decision.label, () => void this.#take(one, decision, buttons));
      made.setAttribute("aria-label", decision.says(one));
      return made;
    });
    const command = element("details", "", element("summary", "", "What was sent"));
    command.append(element("pre", "", JSON.stringify(one.command, null, 2)));
    return element(
      "article",
      "waiting",
      element("header", "", element("strong", "", `${one.from} · ${one.kind}`), time(one.at)),
      element("p", "note", one.note),
      element("p", "text", textOf(one.command)),
      element("footer", "", ...buttons, command),
    );
  }

  async #take(one: Waiting, decision: Decision, buttons: readonly HTMLButtonElement[]): Promise<void> {
    for (const each of buttons) each.disabled = true;
    try {
      await decision.take(one);
      const row = this.#rows.get(one.id);
      if (row !== undefined) this.#remove(one.id, row);
      if (this.#rows.size === 0) this.#root.replaceChildren(this.#empty);
    } catch (error) {
      this.#complain((error as Error).message);
      for (const each of buttons) each.disabled = false;
    }
  }
}

/** ` until Nov 22, 10:15`, for what ends by itself. */
export function untilText(expiresAt: string | undefined): string {
  if (expiresAt === undefined) return "";
  const form = { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" } as const;
  return ` until ${new Date(expiresAt).toLocaleString(undefined, form)}`;
}

function textOf(command: unknown): string {
  const { body, intent, params } = command as { body?: string; intent?: string; params?: { body?: unknown } };
  const said = body ?? params?.body;
  const text = typeof said === "string" ? said : JSON.stringify(params ?? command);
  const whole = intent === undefined ? text : `${intent}: ${text}`;
  return whole.length > 400 ? `${whole.slice(0, 400)}…` : whole;
}
