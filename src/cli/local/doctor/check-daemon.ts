import { ParleyError } from "../../../../sdks/typescript/src/index.js";
import {
  lookForDaemon,
  processSurroundings,
} from "../../../../sdks/typescript/src/runtime/node/discovery.js";
import { findDaemonProcess, readDiscovery } from "../../../platform/discovery-file.js";
import { ok, type Result, trouble } from "./finding.js";
import type { Surroundings } from "./surroundings.js";

export function checkDaemon({ daemon, paths, logPath }: Surroundings): Result[] {
  if (!(daemon instanceof Error))
    return [ok(`pid ${daemon.pid} at ${daemon.address}, contract ${daemon.contract}`)];
  const code = daemon instanceof ParleyError ? daemon.code : "";
  const { pid, state } = findDaemonProcess(paths.discoveryFile) ?? {};
  if (code === "daemon_unreachable") {
    if (pid !== undefined && state === "starting")
      return [trouble("daemon-starting", `pid ${pid} is starting`, { path: logPath })];
    return [
      trouble("daemon-down", daemon.message, { path: logPath }),
      ...checkPlaces(),
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

export function checkConfig({ config }: Surroundings): Result {
  if (config instanceof Error) return trouble("config-mistake", config.message);
  return ok(config.path ?? "no file found, defaults hold");
}

/** Paths that clients do not use, with the command that changes this. */
function checkPlaces(): Result[] {
  const { env, home, uid } = processSurroundings;
  if (uid === undefined) return [];
  return lookForDaemon({ env, home, uid }).refusals.map(({ path, why, fix }) =>
    trouble("place-refused", `${path} ${why}`, { command: fix ?? "parley up --detach" }),
  );
}

function checkDiscovery(path: string): Result[] {
  const pid = readDiscovery(path)?.pid;
  if (pid === undefined || findDaemonProcess(path) !== undefined) return [];
  return [trouble("discovery-stale", `${path} names pid ${pid}, which is gone`)];
}
