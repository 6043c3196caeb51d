import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { localCall, startDaemon, type TestDaemon } from "../../support/daemon.js";
import { uncappedLines } from "../../support/uncapped.js";
import { http } from "../abuse/raw-client.js";
import { watch } from "../abuse/watch.js";
import type { FaultRun } from "../kit/fault-run.js";
import { flaws } from "./flaws.js";
import { closedLoop, type LoadResult, percentile } from "./load.js";

const MiB = 1024 * 1024;
const maxRss = 256 * MiB;
/** Of the 99th percentile, against the daemon at ease. */
const maxSlowdown = 5;
/** Calls that the daemon lets in by its defaults: its capacity. A quarter of it leaves it half idle. */
const admitted = 128;
const atEase = admitted / 4;
const onsetMs = 500;
const sinks = Array.from({ length: 8 }, (_, n) => `sink-${n}`);
const leaseToken = "the-only-host-of-the-sinks";

/** One cycle is a second of every kind of load. */
export const faultRun: FaultRun = {
  id: "r7",
  promise: "At ten times its capacity the daemon refuses typed what is too much and serves the rest in time.",
  long: 10,
  short: 2,
  async run({ cycles, brief = false, progress }) {
    await using daemon = await startDaemon({ config: `[comms]\n${uncappedLines}` });
    const port = Number(new URL(daemon.address).port);
    const broken: string[] = [];
    await using hosts = await startHosts(daemon);
    const request = (n: number): Buffer =>
      http(
        "POST",
        "/comms/send",
        [
          ["Authorization", `Bearer ${daemon.token}`],
          ["Content-Type", "application/json"],
        ],
        JSON.stringify({ kind: "peer_message", to: sinks[n % sinks.length], body: `message ${n}` }),
      );
    let accepted = 0;
    const process = watch(daemon);
    const load = async (what: string, connections: number, { patient = true } = {}): Promise<LoadResult> => {
      const result = await closedLoop({
        port,
        connections,
        request,
        milliseconds: onsetMs + cycles * 1000,
        onsetMs,
        pause: (retryAfterMs) => (patient ? retryAfterMs : 0),
      });
      accepted += result.onset.length + result.accepted.length;
      broken.push(...flaws(what, result));
      return result;
    };
    // The compiler has seen the way before anything is compared.
    await load("warm-up", atEase);
    const unloaded = await load("unloaded", atEase);
    await process.stall();
    const patient = await load("ten times what is let in", admitted * 10);
    progress?.(cycles / 2);
    const greedy = await load("ten times what is let in, without waiting", admitted * 10, { patient: false });
    const stall = await process.stall();
    progress?.(cycles);
    const told = await hosts.finish();
    const peak = process.peakRss();
    if (told.drained !== accepted)
      broken.push(`${accepted} were accepted, ${told.drained} reached their hosts`);
    if (told.doubled > 0) broken.push(`${told.doubled} reached their hosts twice`);
    if (peak > maxRss) broken.push(`memory reached ${Math.round(peak / MiB)} MiB`);
    if (refusals(patient) + refusals(greedy) === 0) broken.push("nothing was refused: this was no overload");
    const unloadedP99 = percentile(unloaded.accepted, 0.99);
    const slowest = Math.max(...[patient, greedy].map(({ accepted: times }) => percentile(times, 0.99)));
    // A clock decides only where a machine is set aside for it.
    if (!brief && slowest > unloadedP99 * maxSlowdown)
      broken.push(`99 of 100 accepted took up to ${round(slowest / unloadedP99)} times as long as unloaded`);
    return {
      figures: {
        connections: admitted * 10,
        unloaded_per_s: Math.round(rateOf(unloaded)),
        unloaded_p99_ms: round(unloadedP99),
        ...toldOf("overload", patient, unloadedP99),
        ...toldOf("greedy", greedy, unloadedP99),
        accepted,
        peak_rss_mib: Math.round(peak / MiB),
        longest_stall_ms: Math.round(stall),
      },
      broken,
    };
  },
};

function toldOf(name: string, result: LoadResult, unloadedP99: number): Record<string, number> {
  const p99 = percentile(result.accepted, 0.99);
  return {
    [`${name}_accepted_per_s`]: Math.round(rateOf(result)),
    [`${name}_refused`]: refusals(result),
    ...(result.onset.length === 0 ? {} : { [`${name}_onset_p99_ms`]: round(percentile(result.onset, 0.99)) }),
    [`${name}_p99_ms`]: round(p99),
    [`${name}_p99_of_unloaded`]: round(p99 / unloadedP99),
  };
}

const refusals = ({ statuses }: LoadResult): number => (statuses.get(429) ?? 0) + (statuses.get(503) ?? 0);
const rateOf = ({ accepted, onset, seconds }: LoadResult): number =>
  (accepted.length + onset.length) / seconds;
const round = (value: number): number => Math.round(value * 10) / 10;

interface Hosts extends AsyncDisposable {
  /** Lets the hosts take what is left; tells what they were given. */
  finish(): Promise<{ drained: number; doubled: number }>;
}

async function startHosts(daemon: TestDaemon): Promise<Hosts> {
  for (const name of sinks)
    await localCall(daemon.socketPath, "POST", "/sessions", {
      name,
      lease_token: leaseToken,
      ttl_ms: 86_400_000,
    });
  const script = fileURLToPath(new URL("hosts-child.ts", import.meta.url));
  const loader = new URL("../../../scripts/ts.mjs", import.meta.url).href;
  const child = fork(script, [daemon.socketPath, sinks.join(","), leaseToken], {
    execArgv: ["--import", loader],
  });
  const told = new Promise<{ drained: number; doubled: number }>((resolve, reject) => {
    child.once("message", resolve);
    child.once("exit", (code) => reject(new Error(`the hosts ended with ${code} before they were told to`)));
  });
  told.catch(() => undefined);
  return {
    finish() {
      child.send("finish");
      return told;
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
    },
  };
}
