import type { Benchmark, Result } from "../benchmark.js";
import { cpu, rate, ratio } from "../kit/compare.js";
import { openSession, startDaemon } from "../kit/daemon.js";
import { interleave } from "../kit/interleave.js";
import { httpRequest, type LoadSample, type LoadSpec, startLoader } from "../kit/load.js";
import { start } from "../kit/process.js";
import { sendLoad } from "../kit/send.js";

/**
 * The contract has no POST that validates a union and touches nothing. `sessions.drain` of an empty inbox is the nearest:
 * a JSON body, a path field, a token, a lease check, no storage. Beside it, for information, a validated `send` into the
 * memory engine, which also does all the work of the comms plane.
 */
export const restUnary: Benchmark = {
  name: "rest-unary",
  summary: "REST call without I/O (drain of an empty inbox), 32 connections, against raw node:http",
  async run({ rounds, durationMs }): Promise<Result[]> {
    await using daemon = await startDaemon({ engine: "memory" });
    await using raw = await start({
      side: "server",
      script: "yardsticks/raw-http.ts",
      args: ['{"interactions":[]}'],
    });
    await using loader = await startLoader();
    const lease = await openSession(daemon, "idle");
    await openSession(daemon, "sink");
    const body = JSON.stringify({ lease_token: lease.leaseToken, max: 1 });
    const headers = { authorization: `Bearer ${daemon.token}` };
    const common = { protocol: "http", connections: 32, inFlight: 1, warmupMs: 400, durationMs } as const;
    const drain: Omit<LoadSpec, "port" | "pid"> = {
      ...common,
      head: httpRequest("POST", "/sessions/idle/drain", { body, headers }),
      expect: '"interactions":[]',
    };
    const ours = { port: daemon.port, pid: daemon.pid };
    const samples = await interleave<"ours" | "raw" | "send", LoadSample>(rounds, {
      ours: () => loader.run({ ...drain, ...ours }),
      raw: () => loader.run({ ...drain, ...(raw.ready as { port: number }), pid: raw.pid }),
      send: () => loader.run({ ...common, ...sendLoad(daemon, "sink") }),
    });
    return [
      ratio("rest.rate", samples.ours, samples.raw, rate),
      ratio("rest.cpu", samples.ours, samples.raw, cpu, "us"),
      ratio("REST send into the memory engine: CPU per send", samples.send, samples.raw, cpu, "us"),
    ];
  },
};
