import type { CommsStreamEvent } from "../sdks/typescript/src/browser.js";
import { AnswerForm } from "./answer-form.js";
import type { Tone } from "./describe-event.js";
import { button, clock, element, time } from "./dom.js";
import { type Block, Interaction, type OpenQuestion, type Step } from "./interaction.js";

/** Cards beyond this many leave the page; the log keeps them. */
const maxCards = 300;

interface Card {
  interaction: Interaction;
  root: HTMLElement;
  title: HTMLElement;
  delivery: HTMLElement;
  state: HTMLElement;
  asked: HTMLElement;
  body: HTMLElement;
  answer: AnswerForm;
  cancel: HTMLButtonElement;
  steps: HTMLElement;
  /** What is in the page of each block. */
  drawn: { element: HTMLElement; length: number }[];
}

/** One session's interactions as cards, newest at the end. Events are taken at once and drawn once a frame. */
export class InteractionList {
  readonly #root: HTMLElement;
  readonly #content = element("div", "");
  readonly #showEvents: (interactionId: string) => void;
  readonly #cancel: (interactionId: string) => Promise<void>;
  readonly #answer: (interaction: Interaction, question: OpenQuestion, body: string) => Promise<void>;
  /** Observes cards without a question: it is read when the card becomes visible. */
  readonly #sight: IntersectionObserver;
  readonly #interactions = new Map<string, Interaction>();
  readonly #cards = new Map<Interaction, Card>();
  readonly #changed = new Set<Interaction>();
  /** What was asked, as far as it is known: events state who asked, not what. */
  readonly #asked = new Map<string, string>();
  #held: ReadonlySet<string> = new Set();
  #empty: Node | undefined;
  #frame = 0;
  /** The reader is at the end and wants to stay there. */
  #follows = true;

  constructor(
    root: HTMLElement,
    showEvents: (interactionId: string) => void,
    cancel: (interactionId: string) => Promise<void>,
    wantQuestion: (interactionId: string) => void,
    answer: (interaction: Interaction, question: OpenQuestion, body: string) => Promise<void>,
  ) {
    this.#answer = answer;
    this.#root = root;
    this.#sight = new IntersectionObserver((seen) => {
      for (const { isIntersecting, target } of seen) {
        if (!isIntersecting) continue;
        this.#sight.unobserve(target);
        const id = (target as HTMLElement).dataset.interaction!;
        if (!this.#asked.has(id)) wantQuestion(id);
      }
    });
    this.#showEvents = showEvents;
    this.#cancel = cancel;
    root.replaceChildren(this.#content);
    // Cards take their real size only when they come into sight, which moves the end away.
    new ResizeObserver(() => this.resume()).observe(this.#content);
    root.addEventListener("scroll", () => {
      if (root.clientHeight > 0) this.#follows = root.scrollHeight - root.scrollTop - root.clientHeight < 80;
    });
  }

  clear(empty: Node): void {
    this.#interactions.clear();
    this.#cards.clear();
    this.#sight.disconnect();
    this.#changed.clear();
    this.#empty = empty;
    this.#follows = true;
    this.#content.replaceChildren(empty);
  }

  /** Takes up where the reader was when the cards come into sight again. */
  resume(): void {
    if (this.#follows) this.#root.scrollTop = this.#root.scrollHeight;
  }

  add(item: CommsStreamEvent): void {
    const id = item.interaction_id ?? "";
    let interaction = this.#interactions.get(id);
    if (interaction === undefined) {
      interaction = new Interaction(id, item.at);
      this.#interactions.set(id, interaction);
      if (this.#interactions.size > maxCards) this.#drop(this.#interactions.values().next().value!);
    }
    interaction.add(item);
    this.#change(interaction);
  }

  /** Says which interactions a policy holds now: the receipt told their senders so, no event did. */
  hold(ids: ReadonlySet<string>): void {
    const moved = [...this.#interactions.values()].filter(({ id }) => ids.has(id) !== this.#held.has(id));
    this.#held = ids;
    for (const interaction of moved) this.#change(interaction);
  }

  /** Shows with an interaction what was asked. */
  ask(interactionId: string, text: string): void {
    this.#asked.set(interactionId, text);
    if (this.#asked.size > maxCards) this.#asked.delete(this.#asked.keys().next().value!);
    const interaction = this.#interactions.get(interactionId);
    if (interaction !== undefined) this.#change(interaction);
  }

  #change(interaction: Interaction): void {
    this.#changed.add(interaction);
    if (this.#frame === 0) this.#frame = requestAnimationFrame(() => this.#draw());
  }

  #drop(interaction: Interaction): void {
    this.#interactions.delete(interaction.id);
    this.#changed.delete(interaction);
    const root = this.#cards.get(interaction)?.root;
    if (root !== undefined) this.#sight.unobserve(root);
    root?.remove();
    this.#cards.delete(interaction);
  }

  #draw(): void {
    this.#frame = 0;
    if (this.#changed.size === 0) return;
    if (this.#empty !== undefined) this.#content.replaceChildren();
    this.#empty = undefined;
    for (const interaction of this.#changed) this.#drawCard(this.#card(interaction));
    this.#changed.clear();
    this.resume();
  }

  #card(interaction: Interaction): Card {
    const found = this.#cards.get(interaction);
    if (found !== undefined) return found;
    const title = element("strong", "");
    const delivery = element("span", "badge");
    const state = element("span", "state");
    const steps = element("div", "steps");
    steps.hidden = true;
    const toggle = button("quiet", "Timeline", () => {
      // Whoever unfolds a card reads it: it must not run away to the end.
      this.#follows = false;
      steps.hidden = !steps.hidden;
      toggle.setAttribute("aria-expanded", String(!steps.hidden));
      this.#drawSteps(card);
    });
    toggle.setAttribute("aria-expanded", "false");
    const cancel = button("quiet", "Cancel", () => {
      cancel.disabled = true;
      void this.#cancel(interaction.id).catch(() => {
        cancel.disabled = false;
      });
    });
    const asked = element("p", "asked");
    const body = element("div", "body");
    const answer = new AnswerForm((question, text) => this.#answer(interaction, question, text));
    const about = [title, time(interaction.startedAt), delivery, state];
    const header = element("header", "", ...about, cancel, toggle);
    const root = element("article", "interaction", header, asked, body, answer.root, steps);
    const parts = { root, title, delivery, state, asked, body, answer, cancel, steps };
    const card: Card = { interaction, ...parts, drawn: [] };
    this.#cards.set(interaction, card);
    this.#content.append(root);
    if (interaction.id !== "") {
      root.dataset.interaction = interaction.id;
      this.#sight.observe(root);
    }
    return card;
  }

  #drawCard(card: Card): void {
    const { interaction, title, state, delivery, cancel } = card;
    card.asked.textContent = this.#asked.get(interaction.id) ?? "";
    cancel.hidden =
      interaction.id === "" || interaction.state === "complete" || interaction.state === "failed";
    card.answer.show(interaction.question);
    title.textContent = interaction.title;
    state.className = `state ${interaction.state}`;
    state.textContent = interaction.state === "open" ? "in work" : interaction.state;
    state.hidden = interaction.id === "";
    const { state: reached, tone } = this.#deliveryOf(interaction);
    delivery.hidden = reached === "";
    delivery.className = `badge ${tone}`;
    delivery.textContent = reached;
    for (const [index, block] of interaction.blocks.entries()) drawBlock(card, block, index);
    this.#drawSteps(card);
  }

  /** What is in this session's log was delivered into its inbox, unless something else is known. */
  #deliveryOf({ id, delivery, state }: Interaction): { state: string; tone: Tone } {
    if (delivery !== undefined) return delivery;
    if (this.#held.has(id)) return { state: "held", tone: "wait" };
    return { state: id !== "" && state === "unread" ? "delivered" : "", tone: "good" };
  }

  #drawSteps({ interaction, steps }: Card): void {
    if (steps.hidden) return;
    const started = Date.parse(interaction.startedAt);
    const further =
      interaction.furtherSteps === 0 ? [] : [element("p", "", `${interaction.furtherSteps} more events.`)];
    steps.replaceChildren(
      element("ol", "", ...interaction.steps.map((step) => stepItem(step, started))),
      ...further,
      button("quiet", "Show its events", () => this.#showEvents(interaction.id)),
    );
  }
}

function stepItem(step: Step, started: number): HTMLElement {
  const after = Date.parse(step.at) - started;
  const said =
    step.count > 1 ? `${step.count} pieces, ${step.characters.toLocaleString()} characters` : step.text;
  const when = element("time", "", after <= 0 ? clock(step.at) : `+${offset(after)}`);
  when.setAttribute("datetime", step.at);
  return element(
    "li",
    step.tone,
    when,
    element("span", "label", step.label),
    element("span", "said", said.slice(0, 300)),
  );
}

function offset(ms: number): string {
  return ms < 1_000
    ? `${ms} ms`
    : ms < 60_000
      ? `${(ms / 1_000).toFixed(2)} s`
      : `${(ms / 60_000).toFixed(1)} min`;
}

/** Text only grows, so that only its end is added: a long answer costs no more a frame than a short one. */
function drawBlock(card: Card, block: Block, index: number): void {
  const drawn = card.drawn[index];
  if (drawn === undefined) {
    const made = element("p", block.kind, block.text);
    card.body.append(made);
    card.drawn[index] = { element: made, length: block.text.length };
  } else if (drawn.length < block.text.length) {
    drawn.element.append(block.text.slice(drawn.length));
    drawn.length = block.text.length;
  }
}
