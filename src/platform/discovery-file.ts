import {
  closeSync,
  fstatSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { makeFolder } from "./make-folder.js";
import { isRunning } from "./process-identity.js";

/** How clients of this user find the daemon; field names are those of the wire. */
export interface Discovery {
  instance_id: string;
  pid: number;
  /** With `pid` the daemon's process and no other; see `ProcessIdentity`. */
  process_start: string;
  /**
   * `starting`: the daemon runs and its socket does not answer yet, so clients wait. `serving`: it answers. `stopping`: it
   * takes no new calls, and the file goes with the process.
   */
  state: "starting" | "serving" | "stopping";
  version: string;
  contract: string;
  digest: string;
  started_at: string;
  /** The unix socket in use, or the one that a starting daemon will open. */
  socket_path: string;
  /** HTTP base address of the TCP listener, while serving. */
  address?: string;
  /** The config file in force; absent when the defaults hold. */
  config_path?: string;
  /** File that receives the log; absent when the log goes to the terminal or the service manager. */
  log_file?: string;
}

/** The running daemon's own discovery file. */
export class DiscoveryFile {
  readonly path: string;
  #content: Discovery;
  #written = "";

  /** Writes the file. Only the holder of the state folder's lock may do so. */
  constructor(path: string, content: Discovery) {
    this.path = path;
    this.#content = content;
    this.#write();
  }

  update(changes: Partial<Discovery>): void {
    this.#content = { ...this.#content, ...changes };
    this.#write();
  }

  /** Without `address`, which no client may use any more. */
  stopping(): void {
    const { address: _closed, ...rest } = this.#content;
    this.#content = { ...rest, state: "stopping" };
    this.#write();
  }

  /** Whether the file is the one that was written last. */
  get isInPlace(): boolean {
    return fileId(this.path) === this.#written;
  }

  /** Writes the file again when it was removed or replaced; true when it had to be. */
  restore(): boolean {
    if (this.isInPlace) return false;
    this.#write();
    return true;
  }

  remove(): void {
    if (this.isInPlace) rmSync(this.path, { force: true });
  }

  /** In one step, readable by its owner only. */
  #write(): void {
    const folder = dirname(this.path);
    makeFolder(folder);
    const draft = join(folder, `.daemon-${this.#content.instance_id}.json`);
    writeFileSync(draft, `${JSON.stringify(this.#content, null, 2)}\n`, { mode: 0o600 });
    renameSync(draft, this.path);
    this.#written = fileId(this.path) ?? "";
  }
}

/** The file as it is; undefined when there is none that only this user can have written. */
export function readDiscovery(path: string): Partial<Discovery> | undefined {
  let fd: number;
  try {
    fd = openSync(path, "r");
  } catch {
    return undefined;
  }
  try {
    const { uid, mode } = fstatSync(fd);
    if ((mode & 0o022) !== 0 || (process.getuid !== undefined && uid !== process.getuid())) return undefined;
    const content: unknown = JSON.parse(readFileSync(fd, "utf8"));
    return typeof content === "object" && content !== null ? content : undefined;
  } catch {
    return undefined;
  } finally {
    closeSync(fd);
  }
}

/**
 * The daemon whose process runs now, by its discovery file; a file left over from a process that ended does not count, even
 * when another process received its number.
 */
export function findDaemonProcess(path: string): Discovery | undefined {
  const content = readDiscovery(path);
  if (typeof content?.pid !== "number" || typeof content.process_start !== "string") return undefined;
  return isRunning(content as Discovery) ? (content as Discovery) : undefined;
}

/** Identifies a file among all that had or get its path; the time is part of it because inodes are used again. */
function fileId(path: string): string | undefined {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stat && `${stat.dev}:${stat.ino}:${stat.ctimeNs}`;
}
