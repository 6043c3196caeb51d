import { execFileSync, spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type CliResult, finished } from "./cli.js";
import { placesIn } from "./places.js";

export interface CommandOptions {
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  /** The command is killed after this many milliseconds. */
  timeout?: number;
  /** The command's file; the built one by default. */
  cli?: string;
  /** Words of a program that runs the command. */
  through?: string[];
  /** How many files the command may open, as `ulimit -n` sets it. */
  openFiles?: number;
}

/** The Node and the command's file. */
export interface Program {
  node: string;
  cli: string;
}

interface Owner {
  uid?: number;
  gid?: number;
}

const builtProgram: Program = {
  node: process.execPath,
  cli: fileURLToPath(new URL("../../dist/cli.cjs", import.meta.url)),
};

/** Folders of one user in which commands run. A daemon that they started ends with `close`. */
export class CommandPlace implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), "parley-"));
  readonly env = placesIn(this.folder);
  readonly config = join(this.folder, "config/parley/parley.toml");
  readonly log = join(this.folder, "state/parley/daemon.log");
  readonly #program: Program;

  readonly #owner: Owner;

  /** With an owner the folder and what runs in it belong to that user. */
  constructor(program: Program = builtProgram, owner: Owner = {}) {
    this.#program = program;
    this.#owner = owner;
    this.configure("");
  }

  /** Writes the user's config: any free port, and these lines. */
  configure(lines: string): void {
    mkdirSync(dirname(this.config), { recursive: true, mode: 0o700 });
    writeFileSync(this.config, `[server]\nport = 0\n${lines}`, { mode: 0o600 });
    const { uid, gid } = this.#owner;
    if (uid !== undefined) execFileSync("chown", ["-R", `${uid}:${gid}`, this.folder]);
  }

  /** Runs a command to its end, without input. */
  run(args: string[], options: CommandOptions = {}): Promise<CliResult> {
    const { openFiles, cli = this.#program.cli, ...rest } = options;
    const limited = openFiles === undefined ? [] : ["sh", "-c", `ulimit -n ${openFiles}; exec "$@"`, "sh"];
    const [command, ...words] = [...(rest.through ?? limited), this.#program.node, cli, ...args];
    return finished(
      spawn(command!, words, {
        cwd: this.folder,
        env: this.env,
        ...this.#owner,
        ...rest,
        stdio: ["ignore", "pipe", "pipe"],
      }),
    );
  }

  /** A copy of the built tree that a test may change; returns its folder. */
  copyBuild(): string {
    const build = join(this.folder, "build");
    cpSync(dirname(this.#program.cli), join(build, "dist"), { recursive: true });
    return build;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.run(["stop"]);
    rmSync(this.folder, { recursive: true, force: true });
  }
}
