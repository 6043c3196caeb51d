import { checks, holds } from "../bars.js";
import { isFinding, type Result, type Unit } from "../benchmark.js";

/** A result beside its bar, as it is printed and kept. */
export interface Line {
  benchmark: string;
  check: string;
  what: string;
  measured?: { median: number; low: number; high: number; unit: Unit };
  gate?: string;
  goal?: string;
  verdict: string;
  detail: string;
}

export function toLine(benchmark: string, result: Result): Line {
  const known = checks.get(result.check);
  const what = known === undefined ? result.check : `${known.bar.path}: ${known.check.what}`;
  const limits =
    known === undefined
      ? {}
      : {
          gate: `${known.check.relation} ${figure(known.check.gate, known.check.unit)}`,
          ...(known.check.goal === undefined
            ? {}
            : { goal: `${known.check.relation} ${figure(known.check.goal, known.check.unit)}` }),
        };
  const line = { benchmark, check: result.check, what, ...limits };
  if (!isFinding(result)) return { ...line, verdict: `not measured: ${result.reason}`, detail: "" };
  const measured = { ...result.figure, unit: result.unit };
  return { ...line, measured, verdict: verdict(result.check, result.figure.median), detail: result.detail };
}

function verdict(id: string, value: number): string {
  const check = checks.get(id)?.check;
  if (check === undefined) return "for information";
  if (!holds(check, value, check.gate)) return "not met";
  return check.goal !== undefined && holds(check, value, check.goal) ? "met, goal too" : "met";
}

/** A figure with its unit, in as many digits as mean something. */
export function figure(value: number, unit: Unit): string {
  if (unit === "x") return `${value.toFixed(2)}x`;
  if (unit === "/s" && value >= 10) return `${Math.round(value).toLocaleString("en")}/s`;
  const digits = value < 10 ? value.toFixed(2) : value.toFixed(0);
  return unit === "/s" ? `${digits}/s` : `${digits} ${unit}`;
}

/** The lines as a table for a terminal. */
export function table(lines: readonly Line[]): string {
  const rows = lines.map(({ what, measured, gate = "", goal = "", verdict, detail }) => {
    const range =
      measured === undefined
        ? ["", ""]
        : [
            figure(measured.median, measured.unit),
            `${figure(measured.low, measured.unit)} .. ${figure(measured.high, measured.unit)}`,
          ];
    return [what, ...range, gate, goal, verdict, detail];
  });
  const all = [["bar", "median", "range", "gate", "goal", "verdict", "behind it"], ...rows];
  const widths = all[0]!.map((_, column) => Math.max(...all.map((row) => row[column]!.length)));
  return all
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i]!))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
