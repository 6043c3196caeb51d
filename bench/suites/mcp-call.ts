import type { Benchmark, Result } from "../benchmark.js";
import { cpu, rate, ratio } from "../kit/compare.js";
import { openSession, startDaemon } from "../kit/daemon.js";
import { interleave } from "../kit/interleave.js";
import { httpRequest, type LoadSample, type LoadSpec, startLoader } from "../kit/load.js";
import { start } from "../kit/process.js";

const revision = "2025-11-25";

/** `peers` as an MCP tool against the official SDK's server giving the same answer, and against `GET /comms/peers`. */
export const mcpCall: Benchmark = {
  name: "mcp-call",
  summary: "MCP tools/call (peers, one peer), 32 connections, against the official SDK and our REST",
  async run({ rounds, durationMs }): Promise<Result[]> {
    await using daemon = await startDaemon({ engine: "memory" });
    await openSession(daemon, "sink");
    const answer = await daemon.call("GET", "/comms/peers");
    await using sdk = await start({
      side: "server",
      script: "yardsticks/mcp-sdk.ts",
      args: [JSON.stringify(answer)],
    });
    await using loader = await startLoader();
    const { port: sdkPort } = sdk.ready as { port: number };
    const sessionId = await initialize(sdkPort);
    const authorization = `Bearer ${daemon.token}`;
    const call = (headers: Record<string, string>): Omit<LoadSpec, "port" | "pid"> => ({
      protocol: "http",
      connections: 32,
      inFlight: 1,
      head: httpRequest("POST", "/mcp", {
        headers: {
          accept: "application/json, text/event-stream",
          "mcp-protocol-version": revision,
          ...headers,
        },
        body: JSON.stringify({
          jsonrpc: "2.0",
          id: 1,
          method: "tools/call",
          params: { name: "peers", arguments: {} },
        }),
      }),
      expect: "structuredContent",
      warmupMs: 400,
      durationMs,
    });
    const ours = { port: daemon.port, pid: daemon.pid };
    const samples = await interleave<"ours" | "sdk" | "rest", LoadSample>(rounds, {
      ours: () => loader.run({ ...call({ authorization }), ...ours }),
      sdk: () => loader.run({ ...call({ "mcp-session-id": sessionId }), port: sdkPort, pid: sdk.pid }),
      rest: () =>
        loader.run({
          ...call({}),
          ...ours,
          head: httpRequest("GET", "/comms/peers", { headers: { authorization } }),
          expect: '"sink"',
        }),
    });
    return [
      ratio("mcp.sdk", samples.ours, samples.sdk, rate),
      ratio("mcp.rest", samples.ours, samples.rest, rate),
      ratio("MCP tools/call: CPU against the SDK", samples.ours, samples.sdk, cpu, "us"),
    ];
  },
};

/** Opens the SDK server's one session. */
async function initialize(port: number): Promise<string> {
  const post = (body: object, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(`http://127.0.0.1:${port}/mcp`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        accept: "application/json, text/event-stream",
        ...headers,
      },
      body: JSON.stringify({ jsonrpc: "2.0", ...body }),
    });
  const clientInfo = { name: "bench", version: "1.0.0" };
  const params = { protocolVersion: revision, capabilities: {}, clientInfo };
  const response = await post({ id: 0, method: "initialize", params });
  await response.text();
  const sessionId = response.headers.get("mcp-session-id");
  if (sessionId === null) throw new Error("the SDK's server opened no session");
  await (await post({ method: "notifications/initialized" }, { "mcp-session-id": sessionId })).text();
  return sessionId;
}
