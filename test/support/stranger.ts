import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, copyFileSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The user `nobody` of most systems; a process needs no entry in the list of users. */
export const strangerUid = 65_534;
/** Only root can start a process of another user. */
export const canBeStranger = process.getuid?.() === 0;

/** What came to a stranger: readable bytes, those of WebSocket frames unmasked. */
export interface Loot {
  received: string;
  connections: number;
}

/**
 * A process of another user that listens where clients could look for their daemon, answers like a daemon that accepts
 * everything, and keeps all that it receives. Without the right to be another user it is a process of this one.
 */
export class Stranger implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #folder: string;

  private constructor(child: ChildProcess, folder: string) {
    this.#child = child;
    this.#folder = folder;
  }

  static async start(): Promise<Stranger> {
    const folder = mkdtempSync(join(tmpdir(), "parley-stranger-"));
    chmodSync(folder, 0o755);
    const program = join(folder, "program.cjs");
    copyFileSync(fileURLToPath(new URL("./stranger-program.cjs", import.meta.url)), program);
    chmodSync(program, 0o644);
    const child = spawn(reachableNode(folder), [program], {
      cwd: folder,
      env: { HOME: folder },
      stdio: ["ignore", "inherit", "inherit", "ipc"],
      ...(canBeStranger ? { uid: strangerUid, gid: strangerUid } : {}),
    });
    await once(child, "message");
    return new Stranger(child, folder);
  }

  /** Listens on a port of 127.0.0.1 (0: any free one); undefined when another program has the port. */
  listenOn(port: number): Promise<number | undefined> {
    return this.#ask<number>({ port });
  }

  /** Listens on a unix socket of this mode; undefined when the stranger may not. */
  listenAt(path: string, mode: number): Promise<string | undefined> {
    return this.#ask<string>({ path, mode });
  }

  /** What came since the last time. */
  async loot(): Promise<Loot> {
    return (await this.#ask<Loot>({ drain: true }))!;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await ended;
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #ask<T>(request: object): Promise<T | undefined> {
    const answer = once(this.#child, "message");
    this.#child.send(request);
    return ((await answer) as [{ value?: T }])[0].value;
  }
}

/** This Node where other users can run it, else a copy in the folder. */
function reachableNode(folder: string): string {
  if (isReachable(process.execPath)) return process.execPath;
  const copy = join(folder, "node");
  copyFileSync(process.execPath, copy);
  chmodSync(copy, 0o755);
  return copy;
}

/** Other users can pass through the folders above and read what is at their end. */
export function isReachable(path: string): boolean {
  const stat = statSync(path);
  const wanted = stat.isFile() ? 0o005 : 0o001;
  return (stat.mode & wanted) === wanted && (dirname(path) === path || isReachable(dirname(path)));
}
