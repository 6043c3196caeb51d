/** How a send travels. Its repeat goes the same way, because a key belongs to its sender. */
export type Wire = "rest" | "post" | "socket";
export const wires: readonly Wire[] = ["rest", "post", "socket"];

export interface Sent {
  key: string;
  wire: Wire;
  reserved: boolean;
  /** Set by the receipt. */
  interaction?: string;
}

/** Event of a session's log, as a reader saw it. */
export interface SeenEvent {
  id: string;
  kind: string;
  interaction: string;
  /** Key that the host wrote into its text; empty for the daemon's events. */
  key: string;
}

/**
 * What one store's daemon has acknowledged, as its clients know it, and the sentences about what does not fit. The rules
 * of a fact are checked when it becomes known; those of the whole in `check-all.ts`.
 */
export class Ledger {
  readonly sends = new Map<string, Sent>();
  readonly #keyOf = new Map<string, string>();
  /** Acknowledged events by key, with their interaction. */
  readonly emitted = new Map<string, string>();
  readonly settled = new Set<string>();
  /** Events of the session's log that its reader saw; position 1 is the first. */
  readonly seen: SeenEvent[] = [];
  readonly #fences = new Map<number, string>();
  readonly broken: string[] = [];
  /** Says where in the run this is: seed, lane, cycle. */
  where = "";
  acknowledged = 0;
  repeats = 0;
  fences = 0;
  lastFence = 0;

  fail(what: string): void {
    this.broken.push(`${this.where}: ${what}`);
  }

  receipt(sent: Sent, interaction: string, deduplicated: boolean): void {
    if (sent.interaction !== undefined) {
      this.repeats += 1;
      if (!deduplicated) this.fail(`${sent.key} was acknowledged and then accepted as new`);
      if (sent.interaction !== interaction)
        this.fail(`${sent.key} first had the receipt ${sent.interaction}, then ${interaction}`);
      return;
    }
    sent.interaction = interaction;
    this.acknowledged += 1;
    this.#belongs(interaction, sent.key);
  }

  /** The host was given an interaction. */
  offered(interaction: string, key: string): void {
    if (this.settled.has(interaction)) this.fail(`${interaction} was settled and then offered again`);
    this.#belongs(interaction, key);
    const known = this.sends.get(key)?.interaction;
    if (known !== undefined && known !== interaction)
      this.fail(`${key} was accepted twice: as ${known} and as ${interaction}`);
  }

  emit(key: string, interaction: string): void {
    if (!this.emitted.has(key)) this.acknowledged += 1;
    this.emitted.set(key, interaction);
  }

  settle(interaction: string): void {
    if (!this.settled.has(interaction)) this.acknowledged += 1;
    this.settled.add(interaction);
  }

  /** A new holder's fence; `before` is the highest that was known when it was asked for. */
  fence(fence: number, token: string, before: number): void {
    const other = this.#fences.get(fence);
    if (other !== undefined && other !== token) this.fail(`fence ${fence} was given to two holders`);
    if (other === undefined && fence <= before) this.fail(`fence ${fence} came after ${before}`);
    if (other === undefined) {
      this.acknowledged += 1;
      this.fences += 1;
    }
    this.#fences.set(fence, token);
    this.lastFence = Math.max(this.lastFence, fence);
  }

  /** The reader of the session's log got its next event. */
  event(sequence: number, event: SeenEvent): void {
    if (sequence !== this.seen.length + 1)
      this.fail(`the session's log goes from ${this.seen.length} to ${sequence}`);
    else this.seen.push(event);
  }

  #belongs(interaction: string, key: string): void {
    const other = this.#keyOf.get(interaction);
    if (other !== undefined && other !== key) this.fail(`${interaction} belongs to ${other} and to ${key}`);
    this.#keyOf.set(interaction, key);
  }
}
