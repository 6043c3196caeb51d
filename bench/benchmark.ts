import type { Spread } from "./kit/stats.js";

/** One benchmark: peer and ours in one run, results that the bars are held against. */
export interface Benchmark {
  name: string;
  /** What is compared with what, one line. */
  summary: string;
  run(context: BenchContext): Promise<Result[]>;
}

export interface BenchContext {
  /** Rounds that count; one more warms up. */
  rounds: number;
  /** How long one contender loads its server in one round, milliseconds. */
  durationMs: number;
  /** Tells the reader what is going on. */
  progress(text: string): void;
}

export type Result = Finding | Unmeasured;

/** A measured figure. */
export interface Finding {
  /** Id of a check in `bars.ts`, or a name of its own for what only explains. */
  check: string;
  figure: Spread;
  unit: Unit;
  /** The absolute figures behind it, for people. */
  detail: string;
}

/** A check that could not be made here. */
export interface Unmeasured {
  check: string;
  reason: string;
}

export type Unit = "x" | "ms" | "us" | "MiB" | "/s" | "%";

export function isFinding(result: Result): result is Finding {
  return "figure" in result;
}
