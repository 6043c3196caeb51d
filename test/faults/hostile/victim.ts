import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  chownSync,
  existsSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { daemonNodeFlags } from "../../../src/platform/node-flags.js";
import { isReachable, strangerUid } from "../../support/stranger.js";
import { until } from "../../support/wait.js";

export const root = fileURLToPath(new URL("../../../", import.meta.url));
const otherUid = 65_533;

/** A user besides root who can run what is built here; undefined when this process may not be that user. */
export const plainUid = process.getuid?.() === 0 && isReachable(join(root, "dist")) ? otherUid : undefined;

/** How a process ended. */
export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

export type DaemonState = "down" | "dead" | "starting" | "up";

/** The user under test: folders, a daemon in one of its states, and the commands that this user types. */
export class Victim implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), "ph-"));
  /** The working directory: a folder that was cloned from elsewhere. */
  readonly work = join(this.folder, "cloned");
  readonly env: NodeJS.ProcessEnv;
  readonly uid: number;
  #daemon: ChildProcess | undefined;

  constructor(uid: number) {
    this.uid = uid;
    this.env = {
      PATH: process.env.PATH,
      HOME: join(this.folder, "home"),
      XDG_STATE_HOME: join(this.folder, "home/state"),
      XDG_CONFIG_HOME: join(this.folder, "home/config"),
      XDG_DATA_HOME: join(this.folder, "home/data"),
      XDG_RUNTIME_DIR: join(this.folder, "run"),
      PYTHONDONTWRITEBYTECODE: "1",
    };
    chmodSync(this.folder, 0o755);
    this.own(this.folder);
    for (const path of ["home", "run", "cloned"]) this.makeFolder(path);
    // The user's own config: any port, so that cycles do not meet each other.
    this.write("home/config/parley/parley.toml", "[server]\nport = 0\n", 0o600);
  }

  get discoveryFile(): string {
    return join(this.env.XDG_STATE_HOME!, "parley/daemon.json");
  }

  get discovery(): { address?: string; socket_path?: string; state?: string } {
    try {
      return JSON.parse(readFileSync(this.discoveryFile, "utf8"));
    } catch {
      return {};
    }
  }

  path(name: string): string {
    return name.startsWith("/") ? name : join(this.folder, name);
  }

  /** Makes a folder of this user, with those above it. */
  makeFolder(name: string, mode = 0o700): string {
    const path = this.path(name);
    if (!existsSync(dirname(path))) this.makeFolder(dirname(path));
    if (!existsSync(path)) mkdirSync(path, { mode });
    chmodSync(path, mode);
    this.own(path);
    return path;
  }

  /** Writes a file of this user. */
  write(name: string, text: string, mode = 0o600): string {
    const path = this.path(name);
    if (!existsSync(dirname(path))) this.makeFolder(dirname(path));
    writeFileSync(path, text);
    chmodSync(path, mode);
    this.own(path);
    return path;
  }

  own(path: string): void {
    if (process.getuid?.() === 0) lchownSync(path, this.uid, this.uid);
  }

  /** Brings the daemon into the state; in `starting` it has announced itself and is halted until `release`. */
  async bring(state: DaemonState): Promise<void> {
    if (state === "down") return;
    const daemon = this.#spawnDaemon();
    if (state === "starting") {
      await Promise.race([until("the start", () => this.discovery.state), once(daemon, "exit")]);
      daemon.kill("SIGSTOP");
      return;
    }
    await Promise.race([once(daemon, "message"), once(daemon, "exit")]);
    if (state === "dead" && daemon.exitCode === null) {
      daemon.kill("SIGKILL");
      await once(daemon, "exit");
    }
  }

  /** Lets a daemon that was halted in its start go on. */
  release(): void {
    this.#daemon?.kill("SIGCONT");
  }

  get daemonRuns(): boolean {
    return this.#daemon !== undefined && this.#daemon.exitCode === null && this.#daemon.signalCode === null;
  }

  /** Runs a command line of `parley`. */
  parley(words: readonly string[], input = "", env: NodeJS.ProcessEnv = {}): Promise<Ended> {
    return this.run(process.execPath, [join(root, "dist/cli.cjs"), ...words], input, env);
  }

  async run(
    program: string,
    words: readonly string[],
    input = "",
    env: NodeJS.ProcessEnv = {},
  ): Promise<Ended> {
    const child = spawn(program, words, {
      cwd: this.work,
      env: { ...this.env, ...env },
      ...this.#identity(),
      stdio: ["pipe", "pipe", "pipe"],
      timeout: 30_000,
      killSignal: "SIGKILL",
    });
    child.stdin.on("error", () => undefined);
    child.stdin.end(input);
    child.on("error", (error) => (ended.stderr += error.message));
    const ended: Ended = { code: null, stdout: "", stderr: "" };
    child.stdout.setEncoding("utf8").on("data", (text) => (ended.stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text) => (ended.stderr += text));
    [ended.code] = (await once(child, "close")) as [number | null];
    return ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.daemonRuns) {
      const ended = once(this.#daemon!, "exit");
      this.#daemon!.kill("SIGKILL");
      await ended;
    }
    rmSync(this.folder, { recursive: true, force: true });
  }

  #spawnDaemon(): ChildProcess {
    this.#daemon = spawn(process.execPath, [...daemonNodeFlags, join(root, "dist/daemon.js")], {
      cwd: this.work,
      env: this.env,
      ...this.#identity(),
      stdio: ["ignore", "ignore", "ignore", "ipc"],
    });
    return this.#daemon;
  }

  #identity(): { uid?: number; gid?: number } {
    return process.getuid?.() === 0 ? { uid: this.uid, gid: this.uid } : {};
  }
}

/** Gives a path to the stranger. */
export function giveAway(path: string): void {
  if (process.getuid?.() === 0) lchownSync(path, strangerUid, strangerUid);
}

export function giveFolder(path: string, mode: number): string {
  if (!existsSync(path)) mkdirSync(path, { recursive: true });
  chmodSync(path, mode);
  if (process.getuid?.() === 0) chownSync(path, strangerUid, strangerUid);
  return path;
}
