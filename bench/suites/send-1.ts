import type { Benchmark, Result } from "../benchmark.js";
import { amount } from "../kit/compare.js";
import { openSession, startDaemon } from "../kit/daemon.js";
import { interleave } from "../kit/interleave.js";
import { type LoadSpec, startLoader } from "../kit/load.js";
import { start } from "../kit/process.js";
import { sendLoad, syncFloor } from "../kit/send.js";
import { median, spread } from "../kit/stats.js";

/** What durability adds to one call when nothing shares its sync. */
export const send1: Benchmark = {
  name: "send-1",
  summary: "durable send over REST, 1 in flight: latency above raw node:http, in fdatasyncs",
  async run({ rounds, durationMs }): Promise<Result[]> {
    await using daemon = await startDaemon({ side: "any" });
    await using raw = await start({ side: "any", script: "yardsticks/raw-http.ts" });
    // The writer's thread needs the processors too.
    await using loader = await startLoader({ awake: false });
    await openSession(daemon, "sink");
    const spec: LoadSpec = { ...sendLoad(daemon, "sink"), connections: 1, warmupMs: 300, durationMs };
    const {
      ours,
      raw: floor,
      sync,
    } = await interleave<"ours" | "raw" | "sync", { p50: number }>(rounds, {
      ours: () => loader.run(spec),
      raw: () => loader.run({ ...spec, ...(raw.ready as { port: number }), pid: raw.pid, expect: "ok" }),
      sync: () => syncFloor(),
    });
    const added = ours.map(({ p50 }, round) => (p50 - floor[round]!.p50) / sync[round]!.p50);
    const [send, http, disk] = [ours, floor, sync].map((side) => median(side.map(({ p50 }) => p50)));
    return [
      {
        check: "send1.added",
        figure: spread(added),
        unit: "x",
        detail: `p50: send ${amount(send!, "ms")}, raw ${amount(http!, "ms")}, fdatasync ${amount(disk!, "ms")}`,
      },
    ];
  },
};
