import { ok, type Result, trouble } from "./finding.js";

/** All in milliseconds, times since the epoch. */
export interface ClockFacts {
  now: number;
  /** The running daemon's start by its clock, and how long it has run by a clock that nobody sets. */
  daemon: { startedAt: number; uptime: number } | undefined;
  /** When the daemon's files were changed last. */
  newestFile: number | undefined;
  /** How far ahead the file system's time is. */
  diskSkew: number | undefined;
}

const made = Date.UTC(2026, 0, 1);
const steppedBy = 2_000;
const filesAheadBy = 120_000;
const skewedBy = 2_000;

/** Compares moments, never local times: a time zone changes nothing. */
export function checkClock({ now, daemon, newestFile, diskSkew }: ClockFacts): Result[] {
  const time = new Date(now).toISOString();
  if (now < made) return [trouble("clock-implausible", `the clock says ${time}`)];
  const found: Result[] = [];
  const moved = daemon === undefined ? 0 : now - daemon.startedAt - daemon.uptime;
  if (moved < -steppedBy)
    found.push(trouble("clock-stepped", `set back by ${seconds(-moved)} since the daemon's start`));
  if (newestFile !== undefined && newestFile - now > filesAheadBy)
    found.push(trouble("clock-behind", `a file was changed ${seconds(newestFile - now)} from now`));
  if (diskSkew !== undefined && Math.abs(diskSkew) > skewedBy)
    found.push(trouble("clock-disk", `new files are stamped ${seconds(diskSkew)} off`));
  if (found.length > 0) return found;
  const slept = moved > steppedBy ? `; slept or set forward by ${seconds(moved)} since the start` : "";
  return [ok(`${time}${slept}`)];
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
