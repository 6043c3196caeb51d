import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as passed } from "node:timers/promises";
import type { Benchmark, Finding, Result } from "../benchmark.js";
import { type BenchDaemon, startDaemon } from "../kit/daemon.js";
import { type IdleSample, watchIdle } from "../kit/idle.js";
import { root } from "../kit/process.js";
import { spread } from "../kit/stats.js";

/** By then the first garbage collections and compilations are over. */
const settleMs = 20_000;
/** The longest period of an idle host is the wait of its drain, 20 s. */
const windowMs = 20_000;
const names = ["idle-one", "idle-two"];

const python = join(root, "sdks/python/.venv/bin/python");
const pythonHost = `
import sys, parley
parley.Parley().host(sys.argv[1]).serve(lambda interaction, turn: "done")`;

type Command = (name: string) => [string, string[]];
const commandLine: Command = (name) => [
  process.execPath,
  [join(root, "dist/cli.cjs"), "agent", "echo", "--name", name],
];
const pythonSdk: Command = (name) => [python, ["-c", pythonHost, name]];

/** What a daemon costs while nothing happens: every thread counts, the store's writer too. */
export const idleDaemon: Benchmark = {
  name: "idle-daemon",
  summary: "wake-ups and processor time of a daemon with two hosts, all idle",
  async run({ rounds, progress }): Promise<Result[]> {
    await using shell = await startIdle(commandLine);
    await using sdk = existsSync(python) ? await startIdle(pythonSdk) : undefined;
    await passed(settleMs);
    const pids = [shell.daemon.pid, shell.host.pid!, ...(sdk === undefined ? [] : [sdk.daemon.pid])];
    const samples: IdleSample[][] = [];
    for (let round = 0; round < rounds; round += 1) {
      samples.push(await watchIdle(pids, windowMs));
      progress(`round ${round + 1} of ${rounds}, ${windowMs / 1_000} s each`);
    }
    const of = (at: number): IdleSample[] => samples.map((round) => round[at]!);
    return [
      ...findings(of(0), "idle.wake-ups", "idle.cpu"),
      ...findings(of(1), "idle host: wake-ups of all threads", "idle host: share of a core"),
      ...(sdk === undefined
        ? []
        : findings(
            of(2),
            "idle daemon, Python hosts: wake-ups",
            "idle daemon, Python hosts: share of a core",
          )),
    ];
  },
};

function findings(samples: readonly IdleSample[], wakeUps: string, cpu: string): Finding[] {
  const detail = `rounds of ${windowMs / 1_000} s, ${settleMs / 1_000} s after the start`;
  const figure = (of: (sample: IdleSample) => number) => spread(samples.map(of));
  return [
    { check: wakeUps, figure: figure((sample) => sample.wakeUps), unit: "/s", detail },
    { check: cpu, figure: figure((sample) => sample.cpu), unit: "%", detail },
  ];
}

interface Idle extends AsyncDisposable {
  daemon: BenchDaemon;
  /** One of its two hosts. */
  host: ChildProcess;
}

async function startIdle(command: Command): Promise<Idle> {
  const daemon = await startDaemon();
  const env = { ...daemon.env, PYTHONPATH: join(root, "sdks/python/src") };
  const hosts = names.map((name) => spawn(...command(name), { env, stdio: "ignore" }));
  const dispose = async (): Promise<void> => {
    await Promise.all(hosts.map(end));
    await daemon[Symbol.asyncDispose]();
  };
  try {
    for (const name of names) await untilLive(daemon, name);
  } catch (error) {
    await dispose();
    throw error;
  }
  return { daemon, host: hosts[0]!, [Symbol.asyncDispose]: dispose };
}

async function untilLive(daemon: BenchDaemon, name: string): Promise<void> {
  for (const limit = performance.now() + 20_000; ; ) {
    const found = await daemon
      .call<{ session: { state: string } }>("GET", `/sessions/${name}`)
      .catch(() => undefined);
    if (found?.session.state === "live") return;
    if (performance.now() > limit) throw new Error(`the host ${name} did not come up within 20 s`);
    await passed(100);
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  await ended;
}
