import { element } from "./dom.js";
import type { OpenQuestion } from "./interaction.js";

/** The field that answers an interaction's oldest open question; it keeps what is typed while events come. */
export class AnswerForm {
  readonly root = element("form", "answer") as HTMLFormElement;
  readonly #field = element("input", "") as HTMLInputElement;
  readonly #button = element("button", "", "Answer") as HTMLButtonElement;
  #question: OpenQuestion | undefined;

  /** `answer` sends; when it rejects, the field keeps its text. */
  constructor(answer: (question: OpenQuestion, body: string) => Promise<void>) {
    this.#field.required = true;
    this.root.hidden = true;
    this.root.append(this.#field, this.#button);
    this.root.addEventListener("submit", (event) => {
      event.preventDefault();
      const question = this.#question;
      if (question === undefined) return;
      this.#button.disabled = true;
      void answer(question, this.#field.value)
        .then(
          () => {
            this.#field.value = "";
          },
          () => {},
        )
        .finally(() => {
          this.#button.disabled = false;
        });
    });
  }

  /** Shows the field for this question, or none. */
  show(question: OpenQuestion | undefined): void {
    this.#question = question;
    this.root.hidden = question === undefined;
    this.#field.setAttribute("aria-label", `Answer to: ${question?.prompt ?? ""}`);
    this.#field.placeholder = question === undefined ? "" : `Answer to: ${question.prompt.slice(0, 80)}`;
  }
}
