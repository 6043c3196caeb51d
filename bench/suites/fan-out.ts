import type { Benchmark, Result } from "../benchmark.js";
import { ratio } from "../kit/compare.js";
import { cpuSeconds } from "../kit/cpu.js";
import { startDaemon } from "../kit/daemon.js";
import { interleave } from "../kit/interleave.js";
import { upgradeRequest } from "../kit/load.js";
import { ask, start } from "../kit/process.js";
import { type ReadersSpec, sseHead, startReaders } from "../kit/readers.js";
import { marker, openSpeaker } from "../kit/speaker.js";

const subscribers = 1_000;
const eventsPerRound = 30;

interface Sample {
  rate: number;
  cpuMicros: number;
}

/** One event at a time to everybody; the next one leaves when all have it. */
export const fanOut: Benchmark = {
  name: "fan-out",
  summary: "each event to 1,000 subscribers over SSE and over ws, against writes on 1,000 raw sockets",
  async run({ rounds, progress }): Promise<Result[]> {
    await using daemon = await startDaemon();
    await using raw = await start({ side: "server", script: "yardsticks/raw-fan-out.ts" });
    await using sse = await startReaders();
    await using ws = await startReaders();
    await using bare = await startReaders();
    const { port } = daemon;
    const loud = await openSpeaker(daemon, "loud");
    const louder = await openSpeaker(daemon, "louder");
    const open = (spec: Omit<ReadersSpec, "connections">): ReadersSpec => ({
      ...spec,
      connections: subscribers,
    });
    const query = `scope=session&session_id=${loud.sessionId}`;
    progress(`opening 3 x ${subscribers} connections`);
    await sse.open(open({ protocol: "sse", port, head: sseHead(daemon.token, query) }));
    const scope = { kind: "session", session_id: louder.sessionId };
    await ws.open(
      open({
        protocol: "ws",
        port,
        head: upgradeRequest("/rpc", { authorization: `Bearer ${daemon.token}` }),
        message: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "comms/stream_open", params: { scope } }),
      }),
    );
    await bare.open(open({ protocol: "raw", head: "!", ...(raw.ready as { port: number }) }));
    const frame = `${marker}${"x".repeat(349)}`;
    const deliver = (
      pid: number,
      readers: { received(total: number): Promise<void> },
      publish: () => Promise<unknown>,
    ): (() => Promise<Sample>) => {
      let published = 0;
      return async () => {
        const cpu = cpuSeconds(pid);
        const started = performance.now();
        for (let event = 0; event < eventsPerRound; event += 1) {
          published += 1;
          await Promise.all([readers.received(published * subscribers), publish()]);
        }
        const seconds = (performance.now() - started) / 1000;
        const deliveries = eventsPerRound * subscribers;
        return { rate: deliveries / seconds, cpuMicros: ((cpuSeconds(pid) - cpu) * 1e6) / deliveries };
      };
    };
    const samples = await interleave<"sse" | "ws" | "raw", Sample>(rounds, {
      sse: deliver(daemon.pid, sse, () => loud.emit(1)),
      ws: deliver(daemon.pid, ws, () => louder.emit(1)),
      raw: deliver(raw.pid, bare, () => ask(raw, { publish: frame })),
    });
    return [
      ratio("fan-out.sse", samples.sse, samples.raw, (sample) => sample.rate),
      ratio("fan-out.ws", samples.ws, samples.raw, (sample) => sample.rate),
      ratio("fan-out over SSE: CPU per delivery", samples.sse, samples.raw, (s) => s.cpuMicros, "us"),
      ratio("fan-out over ws: CPU per delivery", samples.ws, samples.raw, (s) => s.cpuMicros, "us"),
    ];
  },
};
