import { accessSync, constants, statSync } from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";

/** Where this user's daemon keeps and finds its things. Folders end in `parley`; nothing is created here. */
export interface Paths {
  configDir: string;
  stateDir: string;
  dataDir: string;
  /** Tells clients where the daemon listens; 0600, removed on a clean stop. */
  discoveryFile: string;
  /** Beside the discovery file when there is no runtime folder. */
  socketPath: string;
  databaseFile: string;
}

/** The XDG places of an environment; relative values are ignored, as the specification asks. */
export function resolvePaths(env: NodeJS.ProcessEnv): Paths {
  const home = env.HOME || homedir();
  const place = (value: string | undefined, fallback: string): string =>
    join(value && isAbsolute(value) ? value : join(home, fallback), "parley");
  const stateDir = place(env.XDG_STATE_HOME, ".local/state");
  const dataDir = place(env.XDG_DATA_HOME, ".local/share");
  const runtime = env.XDG_RUNTIME_DIR;
  const runtimeDir =
    runtime && isAbsolute(runtime) && isOwnAndWritable(runtime) ? join(runtime, "parley") : stateDir;
  return {
    configDir: place(env.XDG_CONFIG_HOME, ".config"),
    stateDir,
    dataDir,
    discoveryFile: join(stateDir, "daemon.json"),
    socketPath: join(runtimeDir, "daemon.sock"),
    databaseFile: join(dataDir, "parley.db"),
  };
}

/** A login through su or a container often leaves the runtime folder of another user in the environment. */
function isOwnAndWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    const uid = process.geteuid?.();
    return uid === undefined || statSync(folder).uid === uid;
  } catch {
    return false;
  }
}
