import type { CommsStreamEvent } from "../sdks/typescript/src/browser.js";
import { element } from "./dom.js";

/** Cards beyond this many leave the page; the log keeps them. */
const maxCards = 500;

interface Card {
  root: HTMLElement;
  state: HTMLElement;
  text: HTMLElement | undefined;
}

/** One session's events as cards, one an interaction, newest at the end. */
export class Timeline {
  readonly #root: HTMLElement;
  readonly #cards = new Map<string, Card>();

  constructor(root: HTMLElement) {
    this.#root = root;
  }

  clear(placeholder: Node): void {
    this.#cards.clear();
    this.#root.replaceChildren(placeholder);
  }

  add({ event, at, interaction_id }: CommsStreamEvent): void {
    const nearEnd = this.#root.scrollHeight - this.#root.scrollTop - this.#root.clientHeight < 80;
    if (this.#cards.size === 0) this.#root.replaceChildren();
    const card = this.#card(interaction_id ?? "session", at);
    switch (event.kind) {
      case "interaction_started":
        card.root.querySelector("strong")!.textContent = `${event.from} · ${words(event.command)}`;
        break;
      case "turn_started":
        card.text = undefined;
        break;
      case "text_delta":
        this.#text(card).append(event.delta);
        break;
      case "text_complete":
        this.#text(card).textContent = event.text;
        break;
      case "tool_call_requested":
        card.root.append(element("p", "step", `→ ${event.name} ${JSON.stringify(event.args)}`));
        break;
      case "tool_execution_completed":
        card.root.append(
          element("p", "step", `← ${event.is_error ? "failed" : "done"} in ${event.duration_ms} ms`),
        );
        break;
      case "interaction_input_required":
        card.root.append(element("p", "step", `? ${event.prompt}`));
        break;
      case "stream_truncated":
        card.root.append(
          element("p", "step", `Events ${event.from_sequence} to ${event.to_sequence} are no longer kept.`),
        );
        break;
      case "interaction_complete":
        this.#end(card, "complete");
        if (card.text === undefined && event.result !== null) {
          card.root.append(
            element(
              "p",
              "result",
              typeof event.result === "string" ? event.result : JSON.stringify(event.result),
            ),
          );
        }
        break;
      case "interaction_failed":
        this.#end(card, "failed");
        card.root.append(element("p", "failure", failureText(event.reason)));
        break;
    }
    if (nearEnd) this.#root.scrollTop = this.#root.scrollHeight;
  }

  #card(id: string, at: string): Card {
    const found = this.#cards.get(id);
    if (found !== undefined) return found;
    const state = element("span", "state open", "in work");
    const time = element("time", "", new Date(at).toLocaleTimeString());
    time.setAttribute("datetime", at);
    const root = element(
      "article",
      "interaction",
      element("header", "", element("strong", "", words(id === "session" ? id : "interaction")), time, state),
    );
    const card: Card = { root, state, text: undefined };
    this.#cards.set(id, card);
    this.#root.append(root);
    if (this.#cards.size > maxCards) {
      const [oldest, gone] = this.#cards.entries().next().value!;
      this.#cards.delete(oldest);
      gone.root.remove();
    }
    return card;
  }

  #text(card: Card): HTMLElement {
    if (card.text === undefined) {
      card.text = element("p", "text");
      card.root.append(card.text);
    }
    return card.text;
  }

  #end(card: Card, state: "complete" | "failed"): void {
    card.state.className = `state ${state}`;
    card.state.textContent = state;
  }
}

function words(kind: string): string {
  return kind.replaceAll("_", " ");
}

/** What the daemon says, and what the peer said with its refusal. */
function failureText({ message, result }: { message: string; result?: unknown }): string {
  if (result === undefined || result === null) return message;
  const said = (result as { message?: unknown }).message ?? result;
  return `${message} ${typeof said === "string" ? said : JSON.stringify(said)}`;
}
