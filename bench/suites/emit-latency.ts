import type { Benchmark, Result } from "../benchmark.js";
import { amount } from "../kit/compare.js";
import { startDaemon } from "../kit/daemon.js";
import { interleave } from "../kit/interleave.js";
import { httpRequest } from "../kit/load.js";
import { ask, start } from "../kit/process.js";
import { sseHead } from "../kit/readers.js";
import { syncFloor } from "../kit/send.js";
import { openSpeaker } from "../kit/speaker.js";
import { median, spread } from "../kit/stats.js";

interface Sample {
  p50: number;
  p99: number;
}

/** From the first byte of an emit to the event at a subscriber, durable in between. */
export const emitLatency: Benchmark = {
  name: "emit-latency",
  summary: "one event from emit (REST) to a subscriber (SSE) over loopback, one at a time",
  async run({ rounds }): Promise<Result[]> {
    await using daemon = await startDaemon();
    await using client = await start({ side: "load", script: "kit/emit-child.ts" });
    const speaker = await openSpeaker(daemon, "loud");
    const { path, body } = speaker.emitRequest(1);
    const message = {
      port: daemon.port,
      subscribe: sseHead(daemon.token, `scope=session&session_id=${speaker.sessionId}`),
      emit: httpRequest("POST", path, { body, headers: { authorization: `Bearer ${daemon.token}` } }),
      times: 1_000,
    };
    const { ours, sync } = await interleave<"ours" | "sync", Sample>(rounds, {
      ours: () => ask<Sample>(client, message),
      sync: () => syncFloor(),
    });
    const floor = `fdatasync p50 ${amount(median(sync.map(({ p50 }) => p50)), "ms")}`;
    return [
      { check: "emit.p50", figure: spread(ours.map(({ p50 }) => p50)), unit: "ms", detail: floor },
      { check: "emit.p99", figure: spread(ours.map(({ p99 }) => p99)), unit: "ms", detail: "" },
    ];
  },
};
