import type { Parley } from "../sdks/typescript/src/browser.js";
import { byId } from "./dom.js";

/** The form that sends to a peer. */
export class Composer {
  readonly #client: Parley;
  readonly #sent: (peer: string, interactionId: string | undefined, body: string) => void;
  readonly #to = byId<HTMLSelectElement>("to");
  readonly #body = byId<HTMLTextAreaElement>("body");
  readonly #notice = byId("notice");
  #names: readonly string[] = [];
  /** Empty until one is chosen. */
  #chosen = "";

  constructor(client: Parley, sent: (peer: string, interactionId: string | undefined, body: string) => void) {
    this.#client = client;
    this.#sent = sent;
    this.#draw();
    this.#to.addEventListener("change", () => {
      this.#chosen = this.#to.value;
    });
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

  /** Offers these peers; what was chosen stays so, also while it is not among them. */
  offer(names: readonly string[]): void {
    if (names.join() === this.#names.join()) return;
    this.#names = names;
    this.#draw();
  }

  /** Sends to this peer from now on, as soon as it can be sent to. */
  choose(name: string): void {
    this.#chosen = name;
    this.#draw();
  }

  /** Nothing goes to another peer than the chosen one: without it no peer is selected. */
  #draw(): void {
    const isOffered = this.#names.includes(this.#chosen);
    const options = this.#names.map((name) => new Option(name, name, false, name === this.#chosen));
    this.#to.replaceChildren(...(isOffered ? [] : [new Option("choose a peer", "")]), ...options);
    this.#to.value = isOffered ? this.#chosen : "";
    byId<HTMLButtonElement>("send").disabled = this.#names.length === 0;
  }

  complain(message: string): void {
    this.#notice.textContent = message;
  }

  async #send(): Promise<void> {
    const body = this.#body.value.trim();
    const to = this.#to.value;
    if (body === "") return;
    if (to === "") return this.complain("Choose a peer to send to.");
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
