import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { setImmediate as nextTurn } from "node:timers/promises";
import { promisify } from "node:util";

/** A process as people recognise it. */
export interface Process {
  pid: number;
  /** Its process group. */
  group: number;
  /** Its command line, cut to 200 characters. */
  command: string;
}

/** What the processes that a command has started are found by. */
export interface Origin {
  /** The command's pid, which is also the id of its process group and of its session. */
  leader: number;
  /** `NAME=value` in the environment of the command, which what it starts inherits. */
  marker: string;
  /** When the command started, in the unit of `startOf`; whatever started before is not its own. */
  startedAt: number;
}

const commandChars = 200;
/** Processes that are read before other work has its turn. */
const turnProcesses = 256;

interface Row {
  pid: number;
  parent: number;
  group: number;
  session: number;
  zombie: boolean;
  marked: boolean;
}

/**
 * The running processes that come from the command: by process group, by session, by the marker in their environment, or
 * as the child of one of these. A process that changed all of them, and whose parent has ended, is not found.
 */
export async function survivingProcesses(origin: Origin): Promise<Process[]> {
  const rows = (await rowsOfProc(origin)) ?? (await rowsOfPs(origin));
  const found = new Set([origin.leader]);
  for (let size = 0; size !== found.size; ) {
    size = found.size;
    for (const { pid, parent, group, session, marked } of rows)
      if (group === origin.leader || session === origin.leader || marked || found.has(parent)) found.add(pid);
  }
  found.delete(process.pid);
  const running = rows.filter(({ pid, zombie }) => found.has(pid) && !zombie);
  const commands = await Promise.all(running.map(({ pid }) => commandOf(pid)));
  return running.map(({ pid, group }, at) => ({ pid, group, command: commands[at]! }));
}

/** Clock ticks from the boot to the start of the process; 0 where the system does not report it. */
export function startOf(pid: number): number {
  return Number(statOf(pid)?.[19] ?? 0);
}

/** The fields of /proc/<pid>/stat from the state on: the name before it may hold anything. */
function statOf(pid: number): string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    return text.slice(text.lastIndexOf(")") + 2).split(" ");
  } catch {
    return undefined;
  }
}

/** Undefined where there is no /proc. */
async function rowsOfProc({ leader, marker, startedAt }: Origin): Promise<Row[] | undefined> {
  let names: string[];
  try {
    names = readdirSync("/proc");
  } catch {
    return undefined;
  }
  const rows: Row[] = [];
  let looked = 0;
  for (const name of names) {
    if (!/^\d+$/.test(name)) continue;
    if (++looked % turnProcesses === 0) await nextTurn();
    const pid = Number(name);
    const stat = statOf(pid);
    if (stat === undefined || Number(stat[19]) < startedAt) continue;
    const [state, parent, group, session] = stat;
    const belongs = Number(group) === leader || Number(session) === leader;
    rows.push({
      pid,
      parent: Number(parent),
      group: Number(group),
      session: Number(session),
      zombie: state === "Z" || state === "X",
      marked: !belongs && environmentOf(pid).includes(`\0${marker}\0`),
    });
  }
  return looked === 0 ? undefined : rows;
}

/** As the process was started with it; empty for a process of another user. */
function environmentOf(pid: number): string {
  try {
    return `\0${readFileSync(`/proc/${pid}/environ`, "latin1")}\0`;
  } catch {
    return "";
  }
}

const run = promisify(execFile);
/** Both show the environment behind the command. */
const withEnvironment = process.platform === "darwin" ? ["-A", "-E", "-ww"] : ["axeww"];

/** @private For tests: the way of systems without /proc. */
export async function rowsOfPs({ marker }: Pick<Origin, "marker">): Promise<Row[]> {
  const columns = "pid=,ppid=,pgid=,stat=,command=";
  const { stdout } = await run("ps", [...withEnvironment, "-o", columns], { maxBuffer: 64 * 1024 * 1024 });
  return stdout.split("\n").flatMap((line): Row[] => {
    const [, pid, parent, group, state, command = ""] =
      /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s?(.*)$/.exec(line) ?? [];
    if (pid === undefined) return [];
    return [
      {
        pid: Number(pid),
        parent: Number(parent),
        group: Number(group),
        // macOS reports no session's id.
        session: 0,
        zombie: state!.startsWith("Z"),
        marked: ` ${command} `.includes(` ${marker} `),
      },
    ];
  });
}

async function commandOf(pid: number): Promise<string> {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch {
    const listed = await run("ps", ["-ww", "-o", "command=", "-p", String(pid)]).catch(() => ({
      stdout: "",
    }));
    text = listed.stdout;
  }
  return text.trim().slice(0, commandChars).toWellFormed();
}
