import { type ChildProcess, fork, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { TestDaemon } from "../../support/daemon.js";
import { untilLive } from "../../support/hosts.js";
import { shellWork } from "./work.js";

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const sources = at("../../../sdks/python/src");
const python = process.env.PARLEY_TEST_PYTHON ?? at("../../../sdks/python/.venv/bin/python");
/** How long a process may take to end, milliseconds. */
const endMs = 10_000;

/** Entry points of hosts; the suite's own test puts changed ones in their place. */
export interface HostPrograms {
  cli: string;
  /** A host's program in TypeScript; absent: its source. */
  sdk?: string;
}

export const builtPrograms: HostPrograms = { cli: at("../../../dist/cli.cjs") };

/** One process with one or more hosts. */
export class HostProcess {
  readonly names: readonly string[];
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  #printed = "";
  #ends = false;
  /** How it ended before it was asked to. */
  failure: string | undefined;

  constructor(names: readonly string[], child: ChildProcess) {
    this.names = names;
    this.#child = child;
    child.stderr!.setEncoding("utf8").on("data", (text) => {
      this.#printed = (this.#printed + text).slice(-4_000);
    });
    child.stdin?.on("error", () => undefined);
    this.#ended = new Promise((resolve) => {
      child.once("exit", (code, signal) => {
        if (!this.#ends) this.failure = `${names.join(", ")} ended with ${signal ?? code}: ${this.#printed}`;
        resolve();
      });
    });
  }

  get printed(): string {
    return this.#printed;
  }

  pause(): void {
    this.#child.kill("SIGSTOP");
  }

  resume(): void {
    this.#child.kill("SIGCONT");
  }

  async end(): Promise<void> {
    this.#ends = true;
    this.resume();
    if (this.#child.connected) this.#child.disconnect();
    else if (this.#child.stdin !== null) this.#child.stdin.end();
    else this.#child.kill("SIGHUP");
    const late = setTimeout(() => this.#child.kill("SIGKILL"), endMs);
    await this.#ended;
    clearTimeout(late);
  }
}

/** How many hosts of each kind. */
export interface Crew {
  exec: number;
  typescript: number;
  python: number;
}

/** Twenty: commands, and hosts of both SDKs over the unix socket and over TCP, one or two interactions at a time. */
export const fullCrew: Crew = { exec: 6, typescript: 7, python: 7 };

/** Starts the hosts and waits until their sessions are live. */
export async function startHosts(
  daemon: TestDaemon,
  ledger: string,
  crew: Crew = fullCrew,
  { cli, sdk }: HostPrograms = builtPrograms,
): Promise<HostProcess[]> {
  const env = { ...daemon.env, LEDGER: ledger, PYTHONPATH: sources, PYTHONDONTWRITEBYTECODE: "1" };
  const named = (kind: string, count: number): string[] =>
    Array.from({ length: count }, (_, number) => `${kind}-${number + 1}`);
  const half = <T>(list: readonly T[]): T[][] => {
    const middle = Math.ceil(list.length / 2);
    return [list.slice(0, middle), list.slice(middle)].filter((part) => part.length > 0);
  };
  const remote = [daemon.address, daemon.token];
  const hosts = [
    ...named("exec", crew.exec).map((name, number) => {
      const flags = ["--name", name, "--concurrency", String(1 + (number % 2))];
      const args = [cli, "agent", "exec", ...flags, "--", "sh", "-c", shellWork];
      return new HostProcess(
        [name],
        spawn(process.execPath, args, { env, stdio: ["ignore", "ignore", "pipe"] }),
      );
    }),
    ...half(named("typescript", crew.typescript)).map((names, number) => {
      const args = [ledger, names.join(","), String(2 - number), ...(number === 0 ? [] : remote)];
      const loader = new URL("../../../scripts/ts.mjs", import.meta.url).href;
      const execArgv = sdk === undefined ? ["--import", loader] : [];
      const stdio = ["ignore", "ignore", "pipe", "ipc"] as const;
      return new HostProcess(
        names,
        fork(sdk ?? at("hosts-child.ts"), args, { env, execArgv, stdio: [...stdio] }),
      );
    }),
    ...half(named("python", crew.python)).map((names, number) => {
      const mode = number === 0 ? "sync" : "async";
      const args = [at("hosts_child.py"), mode, ledger, names.join(","), ...(number === 0 ? [] : remote)];
      return new HostProcess(names, spawn(python, args, { env, stdio: ["pipe", "ignore", "pipe"] }));
    }),
  ];
  try {
    for (const { names } of hosts) for (const name of names) await untilLive(daemon, name);
  } catch (error) {
    await Promise.all(hosts.map((host) => host.end()));
    throw new Error(hosts.map(({ failure, printed }) => failure ?? printed).join("\n"), { cause: error });
  }
  return hosts;
}
