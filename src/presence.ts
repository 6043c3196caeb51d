import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Paths } from "./config/paths.js";
import type { Clock } from "./kernel/clock.js";
import type { Logger } from "./kernel/logger.js";
import { type Discovery, DiscoveryFile, findDaemonProcess } from "./platform/discovery-file.js";
import { makeFolder, makeWritableFolder } from "./platform/make-folder.js";
import { watchPath } from "./platform/watch-path.js";
import { lockFile } from "./storage/sqlite/file-lock.js";
import { toBackendError } from "./storage/sqlite/sqlite-error.js";
import { AlreadyRunningError } from "./surfaces/http/listen.js";

/** What a daemon reports about itself before it has opened anything. */
export type Announcement = Omit<Discovery, "state" | "address">;

const lookEveryMs = 5_000;
/** What removes the folder file by file, such as a cleaner of old files, has finished by then. */
const settleMs = 250;

/**
 * Makes this process the only daemon of its state folder and announces it there. The lock comes first: of several daemons
 * that start at once only its holder writes the discovery file, so the file always names the daemon that runs.
 */
export class Presence {
  readonly #lockPath: string;
  #lock: { close(): void };
  readonly #file: DiscoveryFile;
  readonly #onExit = (): void => this.#file.remove();
  #endKeeping: () => void = () => undefined;

  private constructor(lockPath: string, lock: { close(): void }, file: DiscoveryFile) {
    this.#lockPath = lockPath;
    this.#lock = lock;
    this.#file = file;
    // A process that ends out of order, for example by a signal during its start, takes the file along too.
    process.once("exit", this.#onExit);
  }

  /** Throws `AlreadyRunningError` while another daemon starts, serves or stops here. */
  static claim({ stateDir, discoveryFile }: Paths, announcement: Announcement): Presence {
    const lockPath = join(stateDir, "daemon.lock");
    makeWritableFolder(stateDir);
    try {
      const lock = lockFile(lockPath);
      if (lock !== undefined)
        return new Presence(
          lockPath,
          lock,
          new DiscoveryFile(discoveryFile, { ...announcement, state: "starting" }),
        );
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

  socketMoved(path: string): void {
    this.#file.update({ socket_path: path });
  }

  /** Puts the files by which clients find the daemon back when they are gone: at once where the system reports it. */
  keep(clock: Clock, log: Logger, checkSocket: () => Promise<void>): void {
    let isFailing = false;
    /** Something was reported, and the look behind it comes soon. */
    let isReported = false;
    let cancelLook = (): void => undefined;
    let endWatch = (): void => undefined;
    const look = (): void => {
      let isChanged = isReported;
      isReported = false;
      try {
        const isRestored = this.#restore();
        if (isRestored) log.warn({}, "The discovery file was gone or replaced, and was written again.");
        isChanged ||= isRestored;
        isFailing = false;
      } catch (err) {
        if (!isFailing)
          log.error({ err }, "The discovery file is gone and cannot be written; it is retried every 5 s.");
        isFailing = isChanged = true;
      }
      // The folder may be another one by now.
      if (isChanged) watchAgain();
      void checkSocket();
      lookAfter(lookEveryMs);
    };
    const lookAfter = (delayMs: number): void => {
      cancelLook();
      cancelLook = clock.after(delayMs, look);
    };
    const watchAgain = (): void => {
      endWatch();
      endWatch = watchPath(this.#file.path, () => {
        if (this.#file.isInPlace || isReported) return;
        isReported = true;
        lookAfter(settleMs);
      });
    };
    this.#endKeeping = () => {
      cancelLook();
      endWatch();
    };
    watchAgain();
    lookAfter(lookEveryMs);
  }

  stopping(): void {
    this.#endKeeping();
    this.#file.stopping();
  }

  /** Last of all: from here on another daemon may start. */
  release(): void {
    this.#endKeeping();
    process.off("exit", this.#onExit);
    this.#file.remove();
    this.#lock.close();
  }

  #restore(): boolean {
    // The lock went with the folder: another daemon that starts now would not meet it.
    if (!existsSync(this.#lockPath)) {
      makeFolder(dirname(this.#lockPath));
      const lock = lockFile(this.#lockPath);
      if (lock === undefined) return false;
      this.#lock.close();
      this.#lock = lock;
    }
    return this.#file.restore();
  }
}
