import { randomBytes } from "node:crypto";
import { chmodSync, lstatSync, renameSync, rmSync } from "node:fs";
import type { Server } from "node:http";
import { connect } from "node:net";
import { dirname, join } from "node:path";
import type { Clock } from "../../kernel/clock.js";
import type { Logger } from "../../kernel/logger.js";
import { StartError } from "../../kernel/start-error.js";
import { started } from "./started.js";

export interface UnixListenerOptions {
  /** Prepares a folder and returns the socket's path, best first; throws with the reason when the socket cannot lie there. */
  places: readonly (() => string)[];
  /** A server that does not listen yet. A new one takes over when the socket has to be created again. */
  createServer(): Server;
  /** Calls back when something may have happened to the path; best effort. The result ends the watch. */
  watchPath(path: string, changed: () => void): () => void;
  clock: Clock;
  log: Logger;
  /** The socket was created again, at this path. */
  onCreated(path: string): void;
}

/** Another daemon of this user answers at the socket. */
export class AlreadyRunningError extends Error {
  override name = "AlreadyRunningError";
}

/** What removes the folder file by file, such as a logout, has finished by then. */
const settleMs = 250;

/**
 * The unix socket (0600) and its file. The file of a socket that was removed, for example at a logout, or replaced is
 * created again; open connections are not affected.
 */
export class UnixListener {
  readonly #options: UnixListenerOptions;
  /** The one that listens is last; earlier ones still have connections. */
  readonly #servers: Server[] = [];
  #path = "";
  #file: string | undefined;
  #endWatch: () => void = () => undefined;
  #cancelCheck: (() => void) | undefined;
  #checking: Promise<void> | undefined;
  #isFailing = false;
  #isClosed = false;

  private constructor(options: UnixListenerOptions) {
    this.#options = options;
  }

  /** Throws `AlreadyRunningError` when another process answers at the best place. */
  static async open(options: UnixListenerOptions): Promise<UnixListener> {
    const listener = new UnixListener(options);
    await listener.#create((error) => {
      if (error instanceof AlreadyRunningError) throw error;
    });
    return listener;
  }

  get path(): string {
    return this.#path;
  }

  get servers(): readonly Server[] {
    return this.#servers;
  }

  /** Creates the socket again when its file is not the one that was created. Never rejects. */
  check(): Promise<void> {
    this.#checking ??= this.#restore().finally(() => {
      this.#checking = undefined;
    });
    return this.#checking;
  }

  /** Ends the watch and removes the file, unless it is another's. The servers are the caller's to close. */
  close(): void {
    this.#isClosed = true;
    this.#cancelCheck?.();
    this.#endWatch();
    if (this.#file !== undefined && fileId(this.#path) === this.#file) rmSync(this.#path, { force: true });
  }

  async #restore(): Promise<void> {
    if (this.#isClosed) return;
    if (fileId(this.#path) === this.#file) return keepPrivate(this.#path);
    const { log, onCreated } = this.#options;
    const before = this.#path;
    try {
      await this.#create(() => undefined);
    } catch (error) {
      if (!this.#isFailing)
        log.error(
          { err: error },
          "The socket's file is gone and cannot be created; it is retried every 5 s.",
        );
      this.#isFailing = true;
      return;
    }
    this.#isFailing = false;
    if (this.#isClosed) {
      // Closed in the meantime: the new socket goes too.
      this.#servers.at(-1)?.close();
      this.close();
      return;
    }
    log.warn(
      { socket: this.#path, before },
      "The socket's file was gone or replaced, and was created again.",
    );
    onCreated(this.#path);
  }

  /** Listens at the first place that works; `onProblem` may throw to end the search. */
  async #create(onProblem: (error: unknown) => void): Promise<void> {
    const { places, createServer, log } = this.#options;
    const problems: string[] = [];
    for (const place of places) {
      const server = createServer();
      try {
        const path = place();
        await bind(server, path);
        this.#takeOver(server, path);
        if (problems.length > 0)
          log.warn(
            { socket: path, reason: problems.join("; ") },
            "The socket lies at another path than wanted.",
          );
        return;
      } catch (error) {
        server.close();
        onProblem(error);
        problems.push((error as Error).message);
      }
    }
    throw new StartError(
      "path_unusable",
      `No unix socket can be opened: ${problems.join("; ")}. Set \`socket\` in [server] to a path that works.`,
    );
  }

  #takeOver(server: Server, path: string): void {
    // Closing the earlier one ends only its idle connections.
    this.#servers.at(-1)?.close();
    this.#servers.push(server);
    server.once("close", () => this.#servers.splice(this.#servers.indexOf(server), 1));
    this.#path = path;
    this.#file = fileId(path);
    this.#endWatch();
    this.#endWatch = this.#options.watchPath(path, () => this.#checkSoon());
  }

  #checkSoon(): void {
    if (fileId(this.#path) === this.#file) return;
    this.#cancelCheck ??= this.#options.clock.after(settleMs, () => {
      this.#cancelCheck = undefined;
      void this.check();
    });
  }
}

/**
 * Binds under another name and renames. The rename replaces a left-over socket in one step, and Node, which removes the
 * name that it bound when the server closes, cannot remove a file that another process put at the path since.
 */
async function bind(server: Server, path: string): Promise<void> {
  await refuseOccupied(path);
  const draft = join(dirname(path), `.${randomBytes(3).toString("hex")}`);
  // Binding takes place inside `listen`, so the mask makes the socket private from its first moment.
  await started(server, () => {
    const mask = process.umask(0o177);
    try {
      server.listen({ path: draft });
    } finally {
      process.umask(mask);
    }
  });
  try {
    chmodSync(draft, 0o600);
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}

function keepPrivate(path: string): void {
  if ((lstatSync(path).mode & 0o777) !== 0o600) chmodSync(path, 0o600);
}

/** A socket that no process answers is left over from a crash; any other file at its path is not ours to replace. */
async function refuseOccupied(path: string): Promise<void> {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return;
  if (!stat.isSocket())
    throw new Error(`${path} exists and is no socket; remove it or set [server] socket to another path`);
  const answers = await new Promise<boolean>((resolve) => {
    const probe = connect(path);
    probe.once("connect", () => resolve(true));
    probe.once("error", (error: NodeJS.ErrnoException) =>
      resolve(error.code !== "ECONNREFUSED" && error.code !== "ENOENT"),
    );
    probe.once("close", () => probe.destroy());
    probe.once("connect", () => probe.destroy());
  });
  if (answers) throw new AlreadyRunningError(`a daemon already answers at ${path}`);
}

/** Identifies a file among all that had or get its path; the time is part of it because inodes are used again. */
function fileId(path: string): string | undefined {
  try {
    const { dev, ino, birthtimeNs } = lstatSync(path, { bigint: true });
    return `${dev}:${ino}:${birthtimeNs}`;
  } catch {
    // Gone, or below a folder that cannot be read any more.
    return undefined;
  }
}
