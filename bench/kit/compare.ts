import type { Finding, Unit } from "../benchmark.js";
import type { LoadSample } from "./load.js";
import { median, pairedRatio } from "./stats.js";

/** The ratio of two contenders' samples, ours first, with the absolute medians as detail. */
export function ratio<Sample>(
  check: string,
  ours: readonly Sample[],
  theirs: readonly Sample[],
  of: (sample: Sample) => number,
  unit: Unit = "/s",
): Finding {
  const [our, their] = [ours.map(of), theirs.map(of)];
  return {
    check,
    figure: pairedRatio(our, their),
    unit: "x",
    detail: `${amount(median(our), unit)} against ${amount(median(their), unit)}`,
  };
}

/** A figure in its unit, short. */
export function amount(value: number, unit: Unit): string {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  const text = unit === "/s" && value >= 10 ? Math.round(value).toLocaleString("en") : value.toFixed(digits);
  return unit === "/s" || unit === "x" ? `${text}${unit}` : `${text} ${unit}`;
}

/** Operations per second of a sample. */
export const rate = ({ rate }: LoadSample): number => rate;
/** Server's CPU per operation of a sample, microseconds. */
export const cpu = ({ cpuMicros }: LoadSample): number => cpuMicros;
