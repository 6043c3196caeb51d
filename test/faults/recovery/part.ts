import type { Seeded } from "../kit/seeded.js";

/** What one part of the run saw. */
export interface Seen {
  readonly figures: Record<string, number | string>;
  readonly broken: string[];
  readonly skipped: string[];
}

export interface PartOptions {
  random: Seeded;
  /** Messages in the store that is started again; the other parts have sizes of their own. */
  messages: number;
  seen: Seen;
}

export function expectThat(seen: Seen, holds: boolean, text: string): void {
  if (!holds) seen.broken.push(text);
}
