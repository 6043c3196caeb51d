import type { FaultResult, FaultRun } from "./fault-run.js";

/** One run as it is printed and kept as JSON. */
export interface Line extends FaultResult {
  id: string;
  promise: string;
  cycles: number;
  seed: number;
  seconds: number;
}

/** Carries a run out; one that could not be finished counts as broken. */
export async function carryOut(run: FaultRun, options: Parameters<FaultRun["run"]>[0]): Promise<Line> {
  const started = performance.now();
  const result = await run.run(options).catch(
    (error: unknown): FaultResult => ({
      figures: {},
      broken: [`the run itself failed: ${error instanceof Error ? error.stack : error}`],
    }),
  );
  const seconds = Math.round((performance.now() - started) / 100) / 10;
  const { id, promise } = run;
  return { id, promise, cycles: options.cycles, seed: options.seed, seconds, ...result };
}

/** The lines as a table, then what broke and what was left out, in full. */
export function table(lines: readonly Line[]): string {
  const rows = lines.map((line) => [
    line.id,
    line.promise,
    line.cycles.toLocaleString("en"),
    `${line.seed}`,
    `${line.seconds} s`,
    line.broken.length === 0 ? "held" : `BROKEN (${line.broken.length})`,
    figures(line),
  ]);
  const all = [["run", "promise", "cycles", "seed", "took", "verdict", "figures"], ...rows];
  const widths = all[0]!.map((_, column) => Math.max(...all.map((row) => row[column]!.length)));
  const printed = all.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join("  ")
      .trimEnd(),
  );
  return [...printed, ...lines.flatMap(remarks)].join("\n");
}

/** What a reader must not miss: parts left out, and broken promises. Only the first of many that are alike. */
export function remarks({ id, broken, skipped = [] }: Line): string[] {
  const shown = 20;
  const rest = broken.length > shown ? [`${id} BROKEN: and ${broken.length - shown} more`] : [];
  return [
    ...skipped.map((what) => `${id} SKIPPED: ${what}`),
    ...broken.slice(0, shown).map((what) => `${id} BROKEN: ${what}`),
    ...rest,
  ];
}

export function figures({ figures }: Line): string {
  return Object.entries(figures)
    .map(([name, value]) => `${name} ${typeof value === "number" ? value.toLocaleString("en") : value}`)
    .join(", ");
}
