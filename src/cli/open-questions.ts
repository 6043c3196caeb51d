import type { AnyEvent } from "./event-note.js";

/** A question of a host. */
export interface Question {
  requestId: string;
  prompt: string;
}

/** The questions of one interaction that have no delivered answer, as its events report them. */
export class OpenQuestions {
  readonly #open = new Map<string, Question>();
  #ended = false;

  take(event: AnyEvent): void {
    if (event.kind === "interaction_input_required") {
      const requestId = String(event.request_id);
      this.#open.set(requestId, { requestId, prompt: String(event.prompt) });
    }
    if (event.kind === "delivery_updated" && event.request_id !== undefined)
      this.#open.delete(String(event.request_id));
    if (event.kind === "interaction_complete" || event.kind === "interaction_failed") this.#ended = true;
  }

  /** The interaction has its end: nothing of it can be answered. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Oldest first. */
  get all(): readonly Question[] {
    return [...this.#open.values()];
  }
}

/** What to type to answer the newest question; its id is needed only when there are others. */
export function answerCommand(interactionId: string, questions: OpenQuestions): string {
  const { all } = questions;
  const request = all.length > 1 ? ` --request ${all.at(-1)!.requestId}` : "";
  return `parley answer ${interactionId} "text"${request}`;
}
