import { ParleyError } from "../../../../sdks/typescript/src/index.js";
import type { Sighting } from "../../../../sdks/typescript/src/runtime/node/discovery.js";
import { folderProblem } from "../../../../sdks/typescript/src/runtime/node/no-daemon.js";
import { PACKAGE_VERSION } from "../../../package-version.js";
import { findDaemonProcess, readDiscovery } from "../../../platform/discovery-file.js";
import { isTemporaryPlace, socketPathProblem } from "../../../platform/socket-places.js";
import { ownSighting } from "../own-daemon.js";
import { ok, type Result, trouble } from "./finding.js";
import type { Surroundings } from "./surroundings.js";

export function checkDaemon({
  daemon,
  paths,
  logPath,
}: Pick<Surroundings, "daemon" | "paths" | "logPath">): Result[] {
  const running = findDaemonProcess(paths.discoveryFile);
  if (!(daemon instanceof Error)) {
    const says = `pid ${daemon.pid} at ${daemon.address}, contract ${daemon.contract}`;
    if (daemon.version === PACKAGE_VERSION) return [ok(says)];
    return [
      trouble("daemon-other-version", `${says}; it is ${daemon.version}, this command ${PACKAGE_VERSION}`),
    ];
  }
  const code = daemon instanceof ParleyError ? daemon.code : "";
  const { pid, state } = running ?? {};
  if (code === "daemon_unreachable") {
    if (pid !== undefined && state === "stopping")
      return [trouble("daemon-stopping", `pid ${pid} is stopping`, { pid })];
    const seen = ownSighting();
    const starting = state === "starting" ? pid : pid === undefined ? seen?.startingPid : undefined;
    if (starting !== undefined)
      return [trouble("daemon-starting", `pid ${starting} is starting`, { path: logPath })];
    // What is typed about a daemon that runs is not a start.
    const refused = refusedPlaces(seen, pid === undefined ? "parley up --detach" : "parley restart");
    if (pid !== undefined)
      return refused.length > 0 ? refused : [trouble("daemon-silent", daemon.message, { pid })];
    // The message names what to type; a start would fail.
    if (seen !== undefined && folderProblem(seen, seen.uid) !== undefined)
      return [trouble("path-unusable", daemon.message)];
    return [
      trouble("daemon-down", daemon.message, { path: logPath }),
      ...refused,
      ...checkDiscovery(paths.discoveryFile),
    ];
  }
  // A daemon of an earlier version does not name the start of its process.
  const known = pid ?? readDiscovery(paths.discoveryFile)?.pid ?? `$(lsof -t ${paths.socketPath})`;
  return [
    trouble(code === "deadline_exceeded" ? "daemon-silent" : "daemon-refuses", daemon.message, {
      pid: known,
    }),
  ];
}

/**
 * The socket does not lie in the private folder that stands in for its own place. What this command would choose is no
 * measure: the daemon may have been started with another environment.
 */
export function checkSocket({ config, daemon, paths }: Surroundings): Result {
  const wanted = (config instanceof Error ? undefined : config.server.socket) ?? paths.socketPath;
  const inUse = daemon instanceof Error ? undefined : daemon.socket_path;
  const problem = socketPathProblem(wanted);
  if (inUse === undefined) return problem === undefined ? ok(wanted) : trouble("socket-elsewhere", problem);
  if (!isTemporaryPlace(inUse)) return ok(inUse);
  return trouble("socket-elsewhere", `${inUse} is in use${problem === undefined ? "" : `: ${problem}`}`);
}

export function checkConfig({ config }: Surroundings): Result {
  if (config instanceof Error) return trouble("config-mistake", config.message);
  return ok(config.path ?? "no file found, defaults hold");
}

/** Paths that clients do not use, with the command that changes this. */
function refusedPlaces(seen: Sighting | undefined, otherwise: string): Result[] {
  return (seen?.refusals ?? []).map(({ path, why, fix }) =>
    trouble("place-refused", `${path} ${why}`, { command: fix ?? otherwise }),
  );
}

function checkDiscovery(path: string): Result[] {
  const pid = readDiscovery(path)?.pid;
  if (pid === undefined || findDaemonProcess(path) !== undefined) return [];
  return [trouble("discovery-stale", `${path} names pid ${pid}, which is gone`)];
}
