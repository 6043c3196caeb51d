import { readFileSync } from "node:fs";
import { ParleyError } from "../../../../sdks/typescript/src/index.js";
import { ok, type Result, trouble } from "./finding.js";
import type { Surroundings } from "./surroundings.js";

export function checkDaemon({ daemon, paths, logPath }: Surroundings): Result[] {
  if (!(daemon instanceof Error))
    return [ok(`pid ${daemon.pid} at ${daemon.address}, contract ${daemon.contract}`)];
  const code = daemon instanceof ParleyError ? daemon.code : "";
  const told = discovered(paths.discoveryFile);
  if (code === "deadline_exceeded")
    return [trouble("daemon-silent", daemon.message, { pid: told?.pid ?? "<pid>" })];
  if (code !== "daemon_unreachable")
    return [trouble("daemon-refuses", daemon.message, { pid: told?.pid ?? "<pid>" })];
  const found = [trouble("daemon-down", "no daemon answers", { path: logPath })];
  if (told !== undefined && !isAlive(told.pid))
    found.push(trouble("discovery-stale", `${paths.discoveryFile} names pid ${told.pid}, which is gone`));
  return found;
}

export function checkConfig({ config }: Surroundings): Result {
  if (config instanceof Error) return trouble("config-mistake", config.message);
  return ok(config.path ?? "no file found, defaults hold");
}

/** Pid in the discovery file, when there is one. */
function discovered(path: string): { pid: number } | undefined {
  try {
    const { pid } = JSON.parse(readFileSync(path, "utf8")) as { pid?: unknown };
    return typeof pid === "number" ? { pid } : undefined;
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
