/** A failure to inject, as data, so that it reaches the writer's thread. For tests. */
export interface IoFault {
  /**
   * Where: `commit` fails instead of committing, `committed` after it, so that the data is there all the same; `fold`
   * and `folded` are the same of the transaction that moves recent appends to their logs.
   */
  step: IoStep;
  /** How many passes of that step go well before. */
  after: number;
  /** How many passes then fail; 1 unless told. */
  times?: number;
  /** SQLite's (extended) result code. */
  errcode: number;
}

export type IoStep = "begin" | "insert" | "commit" | "committed" | "fold" | "folded" | "checkpoint";

/** Counts the passes of each step and throws where a fault says so. */
export function ioFaults(faults: readonly IoFault[]): (step: IoStep) => void {
  if (faults.length === 0) return () => {};
  const passed: Record<IoStep, number> = {
    begin: 0,
    insert: 0,
    commit: 0,
    committed: 0,
    fold: 0,
    folded: 0,
    checkpoint: 0,
  };
  return (step) => {
    const pass = passed[step]++;
    for (const fault of faults)
      if (fault.step === step && pass >= fault.after && pass < fault.after + (fault.times ?? 1))
        throw Object.assign(new Error(`injected result ${fault.errcode} at ${step}`), {
          errcode: fault.errcode,
        });
  };
}
