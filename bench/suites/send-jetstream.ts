import type { BenchContext, Benchmark, Result } from "../benchmark.js";
import { cpu, rate, ratio } from "../kit/compare.js";
import { openSession, startDaemon } from "../kit/daemon.js";
import { interleave } from "../kit/interleave.js";
import { type LoadSample, type LoadSpec, startLoader } from "../kit/load.js";
import { requestNats } from "../kit/nats-connection.js";
import { findNatsServer, startNatsServer } from "../kit/nats-server.js";
import { sendBody, sendLoad } from "../kit/send.js";

const senders = 64;

/** Durable sends of 64 senders against messages published to a stream of JetStream; both sync before they say yes. */
export const sendJetStream: Benchmark = {
  name: "send-jetstream",
  summary: "durable send over REST, 64 senders, against JetStream publish acks with sync_interval: always",
  async run({ rounds, durationMs, progress }: BenchContext): Promise<Result[]> {
    const found = findNatsServer();
    if ("reason" in found) return [{ check: "jetstream.rate", reason: found.reason }];
    await using daemon = await startDaemon({ side: "any" });
    await using peer = await startNatsServer(found.path);
    progress(`nats-server ${peer.version}`);
    await using loader = await startLoader({ awake: false });
    const names = Array.from({ length: senders }, (_, index) => `sink-${index}`);
    for (const name of names) await openSession(daemon, name);
    const made = await requestNats(
      peer.port,
      "$JS.API.STREAM.CREATE.SINKS",
      JSON.stringify({ name: "SINKS", subjects: ["sinks.*"], storage: "file", num_replicas: 1 }),
    );
    if (made.includes('"error"')) throw new Error(`the stream was not made: ${made}`);
    const times = { connections: senders, warmupMs: 400, durationMs };
    const ours: LoadSpec = { ...sendLoad(daemon, ...names), ...times };
    const theirs: LoadSpec = {
      ...times,
      protocol: "nats",
      port: peer.port,
      pid: peer.pid,
      inFlight: 1,
      head: names.map((name) => `sinks.${name}`),
      message: sendBody("sink-0"),
      expect: '"seq"',
    };
    const samples = await interleave<"ours" | "jetstream", LoadSample>(rounds, {
      ours: () => loader.run(ours),
      jetstream: () => loader.run(theirs),
    });
    return [
      ratio("jetstream.rate", samples.ours, samples.jetstream, rate),
      ratio("durable send against JetStream: CPU", samples.ours, samples.jetstream, cpu, "us"),
      ratio("durable send against JetStream: p99", samples.ours, samples.jetstream, ({ p99 }) => p99, "ms"),
    ];
  },
};
