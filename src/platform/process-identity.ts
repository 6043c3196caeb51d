import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** A process that cannot be confused with a later one of the same number. */
export interface ProcessIdentity {
  pid: number;
  /** Opaque text of the moment at which the process began; comparable on one machine only. */
  process_start: string;
}

/** When the process began, as `ProcessIdentity` keeps it; undefined when it does not run, or has ended unreaped. */
export function processStart(pid: number, platform: string = process.platform): string | undefined {
  try {
    return platform === "linux" ? linuxStart(pid) : psStart(pid);
  } catch {
    return undefined;
  }
}

/** True while exactly this process runs: a number that another process received since does not count. */
export function isRunning({ pid, process_start }: ProcessIdentity): boolean {
  return processStart(pid) === process_start;
}

/** Clock ticks between boot and the start; the boot's id keeps two boots apart. */
function linuxStart(pid: number): string | undefined {
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  // The second field is the program's name in parentheses and may hold spaces and parentheses itself.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state, ticks] = [fields[0], fields[19]];
  if (state === "Z" || state === "X") return undefined;
  return `${readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim()}:${ticks}`;
}

function psStart(pid: number): string | undefined {
  const printed = execFileSync("ps", ["-o", "stat=,lstart=", "-p", `${pid}`], {
    encoding: "utf8",
    env: { ...process.env, LC_ALL: "C", TZ: "UTC" },
    stdio: ["ignore", "pipe", "ignore"],
  }).trim();
  const [state = "", ...start] = printed.split(/\s+/);
  return state === "" || state.startsWith("Z") ? undefined : start.join(" ");
}
