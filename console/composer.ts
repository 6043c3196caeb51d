import type { Parley } from "../sdks/typescript/src/browser.js";
import { byId } from "./dom.js";

/** The form that sends to a peer. */
export class Composer {
  readonly #client: Parley;
  readonly #sent: (peer: string, interactionId: string | undefined, body: string) => void;
  readonly #to = byId<HTMLSelectElement>("to");
  readonly #body = byId<HTMLTextAreaElement>("body");
  readonly #notice = byId("notice");

  constructor(client: Parley, sent: (peer: string, interactionId: string | undefined, body: string) => void) {
    this.#client = client;
    this.#sent = sent;
    byId("composer").addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#send();
    });
    this.#body.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      void this.#send();
    });
  }

  offer(names: readonly string[]): void {
    byId<HTMLButtonElement>("send").disabled = names.length === 0;
    if (names.join() === [...this.#to.options].map((option) => option.value).join()) return;
    const chosen = this.#to.value;
    this.#to.replaceChildren(...names.map((name) => new Option(name, name, false, name === chosen)));
  }

  choose(name: string): void {
    if ([...this.#to.options].some((option) => option.value === name)) this.#to.value = name;
  }

  complain(message: string): void {
    this.#notice.textContent = message;
  }

  async #send(): Promise<void> {
    const body = this.#body.value.trim();
    const to = this.#to.value;
    if (body === "" || to === "") return;
    this.complain("");
    const request = byId<HTMLSelectElement>("mode").value === "ask";
    try {
      const receipt = await this.#client.send(
        request
          ? { kind: "peer_request", to, intent: "ask", params: { body } }
          : { kind: "peer_message", to, body },
      );
      this.#body.value = "";
      this.#sent(to, "interaction_id" in receipt ? receipt.interaction_id : undefined, body);
    } catch (error) {
      this.complain((error as Error).message);
    }
  }
}
