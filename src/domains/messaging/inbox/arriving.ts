import { Counts } from "../model/counts.js";
import { isLimited } from "../model/limited.js";
import type { AcceptedEntry } from "./inbox-entry.js";

/** Commands on their way into an inbox's log that take room there: each counts until the inbox itself counts it. */
export class Arriving {
  readonly #entries = new Map<string, AcceptedEntry>();
  readonly #ofSender = new Counts();

  get size(): number {
    return this.#entries.size;
  }

  /** Messages and requests of the sender. */
  of(sender: string): number {
    return this.#ofSender.of(sender);
  }

  add(entry: AcceptedEntry): void {
    const { kind } = entry.command;
    // Copies of answers have room of their own.
    if (kind === "peer_response") return;
    this.#entries.set(entry.interaction_id, entry);
    if (isLimited(kind)) this.#ofSender.add(entry.sender.session_id, 1);
  }

  /** The command is in the inbox, or does not come. Repeating it changes nothing. */
  remove({ interaction_id: id }: AcceptedEntry): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    this.#entries.delete(id);
    if (isLimited(entry.command.kind)) this.#ofSender.add(entry.sender.session_id, -1);
  }
}
