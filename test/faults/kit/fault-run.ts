/** One promise of the daemon put to the test by breaking something under it, again and again. */
export interface FaultRun {
  /** The bar's name in the quality table, in lower case: "r1". */
  id: string;
  /** What holds, in one sentence. */
  promise: string;
  /** Cycles by command, and in the short form that CI runs. */
  long: number;
  short: number;
  /** Cycles of each part of a run by time; default a tenth of the short form. */
  part?: number;
  /** Rejects only when the run itself could not be carried out; a promise that did not hold is in `broken`. */
  run(options: FaultOptions): Promise<FaultResult>;
}

export interface FaultOptions {
  cycles: number;
  /** Everything random comes from it, so that a failure replays. */
  seed: number;
  /** How many daemons at a time, where a run can use several. One unless told. */
  lanes?: number;
  /** CI's form: cheaper cycles may stand for dear ones, as the figures then say. */
  brief?: boolean;
  /** Told the cycles done so far, rising. */
  progress?(done: number): void;
}

export interface FaultResult {
  /** What was seen, with the unit in the name: `acknowledged`, `median_ms`. */
  figures: Record<string, number | string>;
  /** Empty when the promise held; each says what, and at which seed and cycle. */
  broken: string[];
  /** Parts that this machine cannot run, and why. Printed, never silent. */
  skipped?: string[];
}
