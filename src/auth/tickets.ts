import { hash } from "node:crypto";
import type { Clock } from "../kernel/clock.js";
import type { Ids } from "../kernel/ids.js";
import { Expiry } from "./expiry.js";

const ticketLifeMs = 60_000;
const maxTickets = 64;

/** One-time tickets that sign a browser in. They live in memory, hashed, for 60 s. */
export class Tickets {
  readonly #clock: Clock;
  readonly #ids: Ids;
  /** Hash of the ticket to the end of its life. */
  readonly #tickets = new Map<string, Expiry>();

  constructor(clock: Clock, ids: Ids) {
    this.#clock = clock;
    this.#ids = ids;
  }

  /** A new ticket; the oldest goes when there are 64. */
  create(): { ticket: string; expiresAt: number } {
    for (const [key, expiry] of this.#tickets) {
      if (expiry.over || this.#tickets.size >= maxTickets) this.#tickets.delete(key);
    }
    const ticket = this.#ids.secret(24);
    const expiresAt = this.#clock.now() + ticketLifeMs;
    this.#tickets.set(hash("sha256", ticket, "hex"), new Expiry(this.#clock, expiresAt));
    return { ticket, expiresAt };
  }

  /** Uses the ticket up. False when it was used before, is over or was never made. */
  use(ticket: string): boolean {
    const key = hash("sha256", ticket, "hex");
    const expiry = this.#tickets.get(key);
    this.#tickets.delete(key);
    return expiry !== undefined && !expiry.over;
  }
}
