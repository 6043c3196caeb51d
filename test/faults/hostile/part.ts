import type { Seeded } from "../kit/seeded.js";

/** One kind of neighbour. A file in `parts` exports it, and `run.ts` lists it. */
export interface Part {
  name: string;
  /** Cycles of the run for each cycle of this part. Default: 1. */
  every?: number;
  /** What this machine cannot show, and why; printed once. */
  skipped?(): string[];
  /** False when nothing of the part can run here. */
  canRun?(): boolean;
  /** Prepares what all cycles share; the result is closed after the last one. */
  open(): Promise<OpenPart>;
}

export interface OpenPart extends AsyncDisposable {
  cycle(options: CycleOptions): Promise<CycleResult>;
}

export interface CycleOptions {
  /** Counts up from the run's seed, so that a part can take its scenes in turn. */
  turn: number;
  random: Seeded;
}

export interface CycleResult {
  /** Counts that the run adds up. */
  counts: Record<string, number>;
  /** What reached a stranger, and calls that ended otherwise than they must. */
  broken: string[];
}
