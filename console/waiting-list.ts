import { button, element, time } from "./dom.js";

/** Something of a session's inbox that a person decides about. */
export interface Waiting {
  id: string;
  from: string;
  kind: string;
  at: string;
  /** Why it is here, or until when. */
  note: string;
  /** The question that it answers. */
  question?: string | undefined;
  /** What it says; made of the command when absent. */
  text?: string;
  /** What was sent, to be unfolded. */
  command?: unknown;
  /** What to type for what no button here does. */
  hint?: string | undefined;
  /** No button is for it. */
  fixed?: boolean;
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
    const keys = new Set(waiting.map(keyOf));
    for (const [key, row] of this.#rows) if (!keys.has(key)) this.#remove(key, row);
    if (waiting.length === 0) this.#root.replaceChildren(this.#empty);
    else (this.#empty as ChildNode).remove();
    for (const [index, one] of waiting.entries()) {
      const row = this.#rows.get(keyOf(one)) ?? this.#row(one);
      this.#rows.set(keyOf(one), row);
      const there = this.#root.children[index];
      if (there !== row) this.#root.insertBefore(row, there ?? null);
    }
  }

  #remove(key: string, row: HTMLElement): void {
    // The keyboard goes on with the next row instead of falling to the top of the page.
    if (row.contains(document.activeElement))
      ((row.nextElementSibling ?? row.previousElementSibling)?.querySelector("button") ?? this.#root).focus();
    row.remove();
    this.#rows.delete(key);
  }

  #row(one: Waiting): HTMLElement {
    const decisions = one.fixed ? [] : this.#decisions;
    const buttons = decisions.map((decision) => {
      const made = button(decision.style, decision.label, () => void this.#take(one, decision, buttons));
      made.setAttribute("aria-label", decision.says(one));
      return made;
    });
    const footer = element("footer", "", ...buttons);
    if (one.command !== undefined) footer.append(unfolding(one.command));
    if (one.hint !== undefined) footer.append(element("code", "", one.hint));
    return element(
      "article",
      "waiting",
      element("header", "", element("strong", "", `${one.from} · ${one.kind}`), time(one.at)),
      ...(one.note === "" ? [] : [element("p", "note", one.note)]),
      ...(one.question === undefined ? [] : [element("p", "asked", one.question)]),
      element("p", "text", one.text ?? textOf(one.command)),
      footer,
    );
  }

  async #take(one: Waiting, decision: Decision, buttons: readonly HTMLButtonElement[]): Promise<void> {
    for (const each of buttons) each.disabled = true;
    try {
      await decision.take(one);
      const row = this.#rows.get(keyOf(one));
      if (row !== undefined) this.#remove(keyOf(one), row);
      if (this.#rows.size === 0) this.#root.replaceChildren(this.#empty);
    } catch (error) {
      this.#complain((error as Error).message);
      for (const each of buttons) each.disabled = false;
    }
  }
}

/** A row is drawn anew when what is said about it has changed. */
function keyOf({ id, note }: Waiting): string {
  return `${id} ${note}`;
}

function unfolding(command: unknown): HTMLElement {
  const details = element("details", "", element("summary", "", "What was sent"));
  details.append(element("pre", "", JSON.stringify(command, null, 2)));
  return details;
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
