import type { CommsStreamEvent } from "../sdks/typescript/src/browser.js";
import { describeEvent, type Tone, toneOfDelivery, words } from "./describe-event.js";

/** A piece of what an interaction shows, in the order in which it came. */
export interface Block {
  kind: "text" | "reasoning" | "step" | "question" | "result" | "failure";
  text: string;
}

/** A moment of an interaction; pieces of one text in a row are one. */
export interface Step {
  at: string;
  label: string;
  text: string;
  tone: Tone;
  /** Events that it stands for. */
  count: number;
  /** Characters of a run of deltas. */
  characters: number;
}

export interface Delivery {
  state: string;
  tone: Tone;
}

/** A question of the host that has no answer yet. */
export interface OpenQuestion {
  readonly requestId: string;
  readonly prompt: string;
}

/** Events that come before a host has begun. */
const saysNothingOfWork: ReadonlySet<string> = new Set(["interaction_started", "delivery_updated"]);
/** Text of one block that stays in the page; the log keeps the rest. */
const longestText = 200_000;
/** Steps that are kept one by one. */
const mostSteps = 400;

/** One interaction as its events tell it; plain data, so that drawing can wait for the next frame. */
export class Interaction {
  readonly id: string;
  readonly startedAt: string;
  title = "interaction";
  state: "unread" | "open" | "complete" | "failed" = "unread";
  delivery: Delivery | undefined;
  readonly blocks: Block[] = [];
  readonly steps: Step[] = [];
  /** Steps beyond those that are kept. */
  furtherSteps = 0;
  /** The session that sent it, and that answers its questions. */
  asker = "";
  readonly #questions = new Map<string, OpenQuestion>();
  #said = false;

  constructor(id: string, startedAt: string) {
    this.id = id;
    this.startedAt = startedAt;
    if (id === "") this.title = "the session itself";
  }

  /** The oldest question without an answer; an interaction that has ended has none. */
  get question(): OpenQuestion | undefined {
    if (this.state === "complete" || this.state === "failed") return undefined;
    return this.#questions.values().next().value;
  }

  add(item: CommsStreamEvent): void {
    const { event } = item;
    this.#step(item);
    if (this.state === "unread" && !saysNothingOfWork.has(event.kind)) this.state = "open";
    const { text } = describeEvent(event);
    switch (event.kind) {
      case "interaction_started":
        this.asker = event.from;
        this.title = `${event.from} · ${words(event.command)}`;
        return;
      case "delivery_updated":
        if (event.request_id !== undefined) {
          this.#questions.delete(event.request_id);
          return;
        }
        this.delivery = { state: event.state, tone: toneOfDelivery(event.state) };
        return;
      case "text_delta":
      case "reasoning_delta":
        this.#append(event.kind === "text_delta" ? "text" : "reasoning", event.delta);
        return;
      case "text_complete":
      case "reasoning_complete":
        this.#whole(event.kind === "text_complete" ? "text" : "reasoning", event.text);
        return;
      case "turn_started":
        this.#said = false;
        return;
      case "tool_call_requested":
        this.blocks.push({ kind: "step", text: `→ ${text}` });
        return;
      case "tool_result_received":
      case "tool_execution_completed":
        this.blocks.push({ kind: "step", text: `← ${text}` });
        return;
      case "interaction_input_required":
        this.#questions.set(event.request_id, { requestId: event.request_id, prompt: event.prompt });
        this.blocks.push({ kind: "question", text });
        return;
      case "stream_truncated":
        this.blocks.push({ kind: "step", text });
        return;
      case "interaction_complete":
        this.state = "complete";
        if (!this.#said && text !== "") this.blocks.push(resultBlock(event.result, text));
        return;
      case "interaction_failed":
        this.state = "failed";
        this.blocks.push({ kind: "failure", text });
        return;
    }
  }

  #append(kind: "text" | "reasoning", delta: string): void {
    const last = this.blocks.at(-1);
    if (kind === "text") this.#said = true;
    if (last?.kind !== kind) this.blocks.push({ kind, text: delta });
    else if (last.text.length < longestText) last.text += delta;
  }

  /** The whole text stands for its pieces; without them it is all there is. */
  #whole(kind: "text" | "reasoning", text: string): void {
    if (
      this.blocks.findLast((block) => block.kind === kind) === undefined ||
      (kind === "text" && !this.#said)
    )
      this.#append(kind, text.slice(0, longestText));
  }

  #step({ at, event }: CommsStreamEvent): void {
    const { label, text, tone } = describeEvent(event);
    const run = event.kind === "text_delta" || event.kind === "reasoning_delta";
    const last = this.steps.at(-1);
    if (run && last?.label === label) {
      last.count += 1;
      last.characters += text.length;
      return;
    }
    if (this.steps.length >= mostSteps) {
      // The end of an interaction is what people look for.
      const ends = event.kind === "interaction_complete" || event.kind === "interaction_failed";
      this.furtherSteps += 1;
      if (!ends) return;
      this.steps.pop();
    }
    this.steps.push({ at, label, text, tone, count: 1, characters: run ? text.length : 0 });
  }
}

/** A result that is nothing but a text is that text. */
function resultBlock(result: unknown, text: string): Block {
  const { body, ...more } = (result ?? {}) as { body?: unknown };
  const isText = typeof body === "string" && Object.keys(more).length === 0;
  return isText ? { kind: "text", text: body.slice(0, longestText) } : { kind: "result", text };
}
