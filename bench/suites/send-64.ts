import type { BenchContext, Benchmark, Result } from "../benchmark.js";
import { amount, cpu, rate, ratio } from "../kit/compare.js";
import { openSession, startDaemon } from "../kit/daemon.js";
import { interleave } from "../kit/interleave.js";
import { type LoadSample, type LoadSpec, startLoader } from "../kit/load.js";
import { start } from "../kit/process.js";
import { sendLoad, syncFloor } from "../kit/send.js";
import { buildSlowSync } from "../kit/slow-sync.js";
import { median, spread } from "../kit/stats.js";

const senders = 64;

/** Durable sends with 64 requests in flight, on this disk and on one whose every sync takes 2 ms longer. */
export const send64: Benchmark = {
  name: "send-64",
  summary: "durable send over REST, 64 in flight, against raw node:http; again with 2 ms added to every sync",
  async run(context): Promise<Result[]> {
    const library = buildSlowSync();
    const results = await measure(context, undefined);
    if (library === undefined) {
      const reason = "no C compiler `cc` for the library that slows syncs down";
      return [...results, { check: "send64.slow-rate", reason }, { check: "send64.slow-p99", reason }];
    }
    return [...results, ...(await measure(context, library))];
  },
};

async function measure({ rounds, durationMs }: BenchContext, preload: string | undefined): Promise<Result[]> {
  const slow = preload !== undefined;
  await using daemon = await startDaemon({ side: "any", ...(slow ? { preload } : {}) });
  await using raw = await start({ side: "any", script: "yardsticks/raw-http.ts" });
  // The writer's thread needs the processors too.
  await using loader = await startLoader({ awake: false });
  // A recipient for each sender: an inbox with ten thousands of unread messages is no state that agents are in.
  const recipients = Array.from({ length: senders }, (_, index) => `sink-${index}`);
  for (const name of recipients) await openSession(daemon, name);
  const spec: LoadSpec = {
    ...sendLoad(daemon, ...recipients),
    connections: senders,
    warmupMs: 400,
    durationMs,
  };
  const samples = await interleave<"ours" | "raw", LoadSample>(rounds, {
    ours: () => loader.run(spec),
    raw: () => loader.run({ ...spec, ...(raw.ready as { port: number }), pid: raw.pid, expect: "ok" }),
  });
  if (!slow) {
    return [
      ratio("send64.rate", samples.ours, samples.raw, rate),
      ratio("durable send, 64 in flight: CPU", samples.ours, samples.raw, cpu, "us"),
    ];
  }
  const floor = await syncFloor(preload);
  const bounds = samples.ours.map(({ p99 }, round) => p99 / (10 * floor.p50 + samples.raw[round]!.p99));
  const [ourP99, rawP99] = [samples.ours, samples.raw].map((side) => median(side.map(({ p99 }) => p99)));
  return [
    ratio("send64.slow-rate", samples.ours, samples.raw, rate),
    {
      check: "send64.slow-p99",
      figure: spread(bounds),
      unit: "x",
      detail: `p99 ${amount(ourP99!, "ms")}; raw p99 ${amount(rawP99!, "ms")}, one sync ${amount(floor.p50, "ms")}`,
    },
  ];
}
