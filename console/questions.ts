import type { Parley, Session } from "../sdks/typescript/src/browser.js";
import { shortened } from "./inbox-tab.js";

/** Questions that wait to be read; those that came into sight first are the least wanted. */
const mostWaiting = 50;

/** Reads what was asked in the interactions that come into sight, one at a time: events state who asked, not what. */
export class Questions {
  readonly #client: Parley;
  readonly #show: (interactionId: string, text: string) => void;
  #session: Session | undefined;
  #wanted: string[] = [];
  #reading = false;

  constructor(client: Parley, show: (interactionId: string, text: string) => void) {
    this.#client = client;
    this.#show = show;
  }

  select(session: Session): void {
    this.#session = session;
    this.#wanted = [];
  }

  /** The interaction has come into sight. */
  want(interactionId: string): void {
    this.#wanted = [...this.#wanted.filter((id) => id !== interactionId), interactionId].slice(-mostWaiting);
    if (!this.#reading) void this.#readAll();
  }

  async #readAll(): Promise<void> {
    this.#reading = true;
    for (let id = this.#wanted.pop(); id !== undefined; id = this.#wanted.pop()) {
      const session = this.#session!;
      try {
        const page = await this.#client.sessions.listInbox({ name: session.name, interaction_id: id });
        const [one] = page.interactions;
        if (one !== undefined && this.#session === session)
          this.#show(id, shortened(one.question === undefined ? one.text : `${one.question}\n↳ ${one.text}`));
      } catch {
        // The daemon is away, or keeps the interaction no longer: its card stays without the question.
      }
    }
    this.#reading = false;
  }
}
