import { join } from "node:path";
import type { Paths } from "./config/paths.js";
import { type Discovery, DiscoveryFile, findDaemonProcess } from "./platform/discovery-file.js";
import { lockFile } from "./storage/sqlite/file-lock.js";
import { toBackendError } from "./storage/sqlite/sqlite-error.js";
import { AlreadyRunningError } from "./surfaces/listen.js";

/** What a daemon reports about itself before it has opened anything. */
export type Announcement = Omit<Discovery, "state" | "address">;

/**
 * Makes this process the only daemon of its state folder and announces it there. The lock comes first: of several daemons
 * that start at once only its holder writes the discovery file, so the file always names the daemon that runs.
 */
export class Presence {
  readonly #lock: { close(): void };
  readonly #file: DiscoveryFile;
  readonly #onExit = (): void => this.#file.remove();

  private constructor(lock: { close(): void }, file: DiscoveryFile) {
    this.#lock = lock;
    this.#file = file;
    // A process that ends out of order, for example by a signal during its start, takes the file along too.
    process.once("exit", this.#onExit);
  }

  /** Throws `AlreadyRunningError` while another daemon starts, serves or stops here. */
  static claim({ stateDir, discoveryFile }: Paths, announcement: Announcement): Presence {
    const lockPath = join(stateDir, "daemon.lock");
    try {
      const lock = lockFile(lockPath);
      if (lock !== undefined)
        return new Presence(lock, new DiscoveryFile(discoveryFile, { ...announcement, state: "starting" }));
    } catch (error) {
      throw toBackendError(error, lockPath);
    }
    const other = findDaemonProcess(discoveryFile);
    const which = other === undefined ? "" : `: pid ${other.pid}, ${other.state} since ${other.started_at}`;
    throw new AlreadyRunningError(`a daemon of this user already runs${which}`);
  }

  serving(address: string, socketPath: string): void {
    this.#file.update({ state: "serving", address, socket_path: socketPath });
  }

  stopping(): void {
    this.#file.stopping();
  }

  /** Last of all: from here on another daemon may start. */
  release(): void {
    process.off("exit", this.#onExit);
    this.#file.remove();
    this.#lock.close();
  }
}
