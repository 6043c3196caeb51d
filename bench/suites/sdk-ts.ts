import type { Benchmark, Result } from "../benchmark.js";
import { ratio } from "../kit/compare.js";
import { openSession, startDaemon } from "../kit/daemon.js";
import { interleave } from "../kit/interleave.js";
import { start } from "../kit/process.js";

interface Sample {
  micros: number;
  cpuMicros: number;
}

const calls = 3_000;

/** The client's own cost of a typed call, against undici with JSON. Both call the same daemon over TCP with a token. */
export const sdkTs: Benchmark = {
  name: "sdk-ts",
  summary: "TypeScript SDK, one call after the other, CPU of the client against undici's Pool",
  async run({ rounds }): Promise<Result[]> {
    await using daemon = await startDaemon({ engine: "memory" });
    const { leaseToken } = await openSession(daemon, "idle");
    const body = JSON.stringify({ lease_token: leaseToken, max: 1 });
    const client = (script: string, args: string[]) => async (): Promise<Sample> => {
      await using child = await start({ side: "load", script, args, env: daemon.env });
      return child.ready as Sample;
    };
    const port = String(daemon.port);
    const samples = await interleave<"sdk" | "undici", Sample>(rounds, {
      sdk: client("kit/sdk-ts-child.ts", [port, daemon.token, leaseToken, String(calls)]),
      undici: client("yardsticks/undici-client.ts", [
        port,
        daemon.token,
        "/sessions/idle/drain",
        body,
        String(calls),
      ]),
    });
    return [
      ratio("sdk-ts.cpu", samples.sdk, samples.undici, ({ cpuMicros }) => cpuMicros, "us"),
      ratio("TS SDK call: time", samples.sdk, samples.undici, ({ micros }) => micros, "us"),
    ];
  },
};
