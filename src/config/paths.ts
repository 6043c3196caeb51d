import { accessSync, constants, statSync } from "node:fs";
import { userInfo } from "node:os";
import { isAbsolute, join } from "node:path";
import { StartError } from "../kernel/start-error.js";

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
  const place = (value: string | undefined, fallback: string): string =>
    join(value && isAbsolute(value) ? value : join(homeOf(env), fallback), "parley");
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

/** The user's home folder. Throws when neither HOME nor the password file names one, as in many containers. */
export function homeOf(env: NodeJS.ProcessEnv): string {
  if (env.HOME && isAbsolute(env.HOME)) return env.HOME;
  if (env.HOME)
    throw new StartError(
      "path_unusable",
      `HOME is "${env.HOME}", which is not an absolute path; set it to your home folder.`,
    );
  try {
    return userInfo().homedir;
  } catch (cause) {
    throw new StartError("path_unusable", "No home folder of this user is known; set HOME to one.", {
      cause,
    });
  }
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
