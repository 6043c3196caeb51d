import { join } from "node:path";

/** Environment of a process whose folders of Parley all lie in `folder`, so that it finds no other daemon. */
export function placesIn(folder: string): NodeJS.ProcessEnv {
  return {
    ...process.env,
    HOME: folder,
    XDG_STATE_HOME: join(folder, "state"),
    XDG_DATA_HOME: join(folder, "data"),
    XDG_CONFIG_HOME: join(folder, "config"),
    XDG_RUNTIME_DIR: folder,
  };
}
