import type { Seeded } from "../kit/seeded.js";

/** What ends a daemon's lives: a kill, or something that comes with one. */
export interface Blow {
  /** Where the store's file lies; absent for the daemon's own place. */
  storePath?: string;
  /** Refusals that it may bring about before the process ends. */
  expected: readonly string[];
  /** Gets ready to strike; resolves when it has, absent when acknowledgements set the time. */
  arm?(random: Seeded, when: "starting" | "loaded"): Promise<void>;
  /** The process is gone: the next life may begin. */
  over(): void;
}

export const plainKill: Blow = { expected: [], over: () => {} };
