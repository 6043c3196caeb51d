import type { Benchmark, Result } from "../benchmark.js";
import { cpu, rate, ratio } from "../kit/compare.js";
import { openSession, startDaemon } from "../kit/daemon.js";
import { interleave } from "../kit/interleave.js";
import { type LoadSample, type LoadSpec, startLoader, upgradeRequest } from "../kit/load.js";
import { start } from "../kit/process.js";

/** Validated JSON-RPC calls over WebSocket against a server that sends the same bytes back. */
export const rpcUnary: Benchmark = {
  name: "rpc-unary",
  summary:
    "RPC call without I/O (drain of an empty inbox), 8 connections x 32 in flight, against bare ws echo",
  async run({ rounds, durationMs }): Promise<Result[]> {
    await using daemon = await startDaemon({ engine: "memory" });
    await using echo = await start({ side: "server", script: "yardsticks/ws-echo.ts" });
    await using loader = await startLoader();
    const lease = await openSession(daemon, "idle");
    const params = JSON.stringify({ name: "idle", lease_token: lease.leaseToken, max: 1 });
    const spec: Omit<LoadSpec, "port" | "pid"> = {
      protocol: "ws",
      connections: 8,
      inFlight: 32,
      head: upgradeRequest("/rpc", { authorization: `Bearer ${daemon.token}` }),
      message: `{"jsonrpc":"2.0","id":$ID,"method":"sessions/drain","params":${params}}`,
      expect: '"jsonrpc":"2.0"',
      warmupMs: 400,
      durationMs,
    };
    const samples = await interleave<"ours" | "echo", LoadSample>(rounds, {
      ours: () =>
        loader.run({ ...spec, port: daemon.port, pid: daemon.pid, expect: '"result":{"interactions":[]}' }),
      echo: () => loader.run({ ...spec, ...(echo.ready as { port: number }), pid: echo.pid }),
    });
    return [
      ratio("rpc.rate", samples.ours, samples.echo, rate),
      ratio("RPC call: CPU against echo", samples.ours, samples.echo, cpu, "us"),
    ];
  },
};
