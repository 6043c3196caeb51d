import type { CommsCommand } from "../../generated/types.js";

/** What a sender may have waiting in an inbox is limited; inputs are the owner's own and answers were asked for. */
export function isLimited(kind: CommsCommand["kind"]): boolean {
  return kind === "peer_message" || kind === "peer_request";
}

/** How many of something each sender has, by session id. */
export class SenderCounts {
  readonly #counts = new Map<string, number>();

  of(sender: string): number {
    return this.#counts.get(sender) ?? 0;
  }

  add(sender: string, count: 1 | -1): void {
    const now = this.of(sender) + count;
    if (now > 0) this.#counts.set(sender, now);
    else this.#counts.delete(sender);
  }
}
