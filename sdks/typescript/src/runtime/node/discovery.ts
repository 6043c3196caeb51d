import { readFileSync } from "node:fs";
import { userInfo } from "node:os";
import { isAbsolute, join } from "node:path";
import { clientError } from "../errors.js";
import { parseJson } from "../http-errors.js";
import { ownSocket, type Refusal, readOwnFile } from "./own-path.js";

/** What discovery looks at; tests pass their own. */
export interface Surroundings {
  env: Readonly<Record<string, string | undefined>>;
  /** Undefined when neither HOME nor the password file names one. */
  home: string | undefined;
  /** This user's number; undefined on platforms whose files have no owner of that kind. */
  uid: number | undefined;
  /** Milliseconds of a clock that never goes back. */
  now(): number;
  pause(ms: number): Promise<void>;
}

export const processSurroundings: Surroundings = {
  get env() {
    return process.env;
  },
  get home() {
    try {
      return process.env.HOME || userInfo().homedir;
    } catch {
      // Many containers run as a user whom the password file does not list.
      return undefined;
    }
  },
  get uid() {
    return process.geteuid?.();
  },
  now: () => performance.now(),
  pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};

/** The state of this user's daemon, as its files show it. */
export interface Sighting {
  /** The folder of the discovery file. */
  folder: string;
  /** Whether the folder follows from HOME, not from XDG_STATE_HOME. */
  isInHome: boolean;
  /** Sockets of this user that exist, the one of the discovery file first. */
  sockets: readonly string[];
  /** A live process that starts a daemon, or whose socket file is about to be created again. */
  startingPid?: number;
  /** The daemon's live process, when the discovery file names it. */
  pid?: number;
  state?: string;
  /** The port of the daemon's TCP listener, as the discovery file names it. */
  port?: number;
  /** Paths that exist and are not used. */
  refusals: readonly Refusal[];
}

/** What the daemon and the command that starts it write about themselves. */
interface Announcement {
  state?: unknown;
  pid?: unknown;
  process_start?: unknown;
  socket_path?: unknown;
  address?: unknown;
}

type Place = Pick<Surroundings, "env" | "home">;

/** The folder of the discovery file. */
function stateFolder({ env, home }: Place): { folder: string; isInHome: boolean } {
  const { XDG_STATE_HOME: state } = env;
  if (state && isAbsolute(state)) return { folder: join(state, "parley"), isInHome: false };
  if (home === undefined)
    throw clientError(
      "daemon_unreachable",
      "No daemon of yours can be looked for, because no home folder of this user is known: set HOME to one.",
    );
  if (!isAbsolute(home))
    throw clientError(
      "daemon_unreachable",
      `HOME is "${home}", which is not an absolute path: set it to your home folder.`,
    );
  return { folder: join(home, ".local/state/parley"), isInHome: true };
}

/**
 * Looks for this user's daemon: the socket that its discovery file names, else the usual places. Only files and sockets
 * count that belong to this user and are closed to others; no config file is read, and no TCP address is used.
 */
export function lookForDaemon(place: Place & { uid: number }): Sighting {
  const { env, uid } = place;
  const { folder, isInHome } = stateFolder(place);
  const refusals: Refusal[] = [];
  // In this order a start is never missed: its mark is removed after the discovery file has been written.
  const mark = readAnnouncement(join(folder, "starting.json"), uid, refusals);
  const found = readAnnouncement(join(folder, "daemon.json"), uid, refusals);
  const named =
    typeof found.socket_path === "string" && found.socket_path !== "" ? found.socket_path : undefined;
  const { XDG_RUNTIME_DIR: runtime } = env;
  const paths = [
    ...(named === undefined ? [] : [named]),
    ...(runtime && isAbsolute(runtime) ? [join(runtime, "parley/daemon.sock")] : []),
    join(folder, "daemon.sock"),
  ];
  const sockets: string[] = [];
  let isMissing = named !== undefined;
  for (const path of new Set(paths)) {
    const looked = ownSocket(path, uid);
    if (looked === undefined) continue;
    if (path === named) isMissing = false;
    if ("refusal" in looked) refusals.push(looked.refusal);
    else sockets.push(looked.value);
  }
  const pid = livePid(found);
  const port = portOf(found.address);
  // A serving daemon creates its socket again within seconds when the file was removed.
  const isAboutToAnswer = found.state === "starting" || (found.state === "serving" && isMissing);
  const startingPid = livePid(mark) ?? (isAboutToAnswer ? pid : undefined);
  return {
    folder,
    isInHome,
    sockets,
    refusals,
    ...(startingPid === undefined ? {} : { startingPid }),
    ...(pid === undefined ? {} : { pid }),
    ...(typeof found.state === "string" ? { state: found.state } : {}),
    ...(port === undefined ? {} : { port }),
  };
}

function readAnnouncement(path: string, uid: number, refusals: Refusal[]): Announcement {
  const looked = readOwnFile(path, uid);
  if (looked === undefined) return {};
  if ("refusal" in looked) {
    refusals.push(looked.refusal);
    return {};
  }
  const value = parseJson(looked.value);
  return typeof value === "object" && value !== null ? value : {};
}

/** The process of the announcement, when it runs: a number that another process received since does not count. */
function livePid({ pid, process_start }: Announcement): number | undefined {
  if (typeof pid !== "number" || !Number.isSafeInteger(pid) || pid <= 0) return undefined;
  try {
    process.kill(pid, 0);
  } catch {
    return undefined;
  }
  const runsSince = typeof process_start === "string" ? processStart(pid) : undefined;
  return runsSince === undefined || runsSince === process_start ? pid : undefined;
}

/** When the process began, as the daemon writes it on Linux: the boot's id and the clock ticks since then. */
function processStart(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    const ticks = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
    return `${readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim()}:${ticks}`;
  } catch {
    return undefined;
  }
}

function portOf(address: unknown): number | undefined {
  if (typeof address !== "string" || !URL.canParse(address)) return undefined;
  return Number(new URL(address).port) || undefined;
}
