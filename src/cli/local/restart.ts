import type { Command } from "commander";
import { resolvePaths } from "../../config/paths.js";
import { markStart } from "../../platform/start-mark.js";
import { daemonProcess, servingDaemon, stopWaitMs, untilGone } from "./own-daemon.js";
import { beginStop } from "./stop.js";
import { checkConfig, up } from "./up.js";

/** Stops the daemon, if one runs, and starts it detached, by default with the config file that it had. */
export async function restart(flags: { config?: string }, command: Command): Promise<void> {
  const config = flags.config ?? (await configInUse());
  // A daemon that works is not ended for one that would not start.
  checkConfig(config);
  // Clients wait from here on, not only once the daemon has ended.
  const unmark = markStart(resolvePaths(process.env).stateDir);
  try {
    const daemon = await beginStop();
    if (daemon !== undefined) await untilGone(daemon, stopWaitMs);
    await up({ detach: true, ...(config === undefined ? {} : { config }) }, command);
  } finally {
    unmark();
  }
}

async function configInUse(): Promise<string | undefined> {
  const found = daemonProcess();
  return found === undefined ? (await servingDaemon())?.config_path : found.config_path;
}
