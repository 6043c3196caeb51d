import type { Unit } from "./benchmark.js";

/** One row of the performance table in the project's quality rules. */
export interface Bar {
  path: string;
  /** What it is compared with in the same run. */
  yardstick: string;
  /** The part of the project that must hold it. */
  heldBy: HeldBy;
  checks: readonly Check[];
  /** The benchmark that measures it, or what it waits for. */
  measuredBy: { benchmark: string } | { waitsFor: string };
}

export type HeldBy =
  | "surfaces"
  | "storage"
  | "comms"
  | "leases"
  | "lease-proxy"
  | "gateway"
  | "pty"
  | "mounts"
  | "codegen"
  | "cli"
  | "daemon"
  | "sdks";

/** One figure with what it must be (gate) and where it should go (goal). */
export interface Check {
  id: string;
  what: string;
  relation: ">=" | "<=";
  gate: number;
  goal?: number;
  unit: Unit;
}

const atLeast = (id: string, what: string, gate: number, goal?: number, unit: Unit = "x"): Check => ({
  id,
  what,
  relation: ">=",
  gate,
  ...(goal === undefined ? {} : { goal }),
  unit,
});
const atMost = (id: string, what: string, gate: number, goal?: number, unit: Unit = "x"): Check => ({
  ...atLeast(id, what, gate, goal, unit),
  relation: "<=",
});
const by = (benchmark: string): { benchmark: string } => ({ benchmark });
const waits = (waitsFor: string): { waitsFor: string } => ({ waitsFor });

export const bars: readonly Bar[] = [
  {
    path: "REST unary, no I/O",
    yardstick: "raw node:http, JSON in and out",
    heldBy: "surfaces",
    checks: [atLeast("rest.rate", "requests/s", 0.7, 0.85), atMost("rest.cpu", "CPU per request", 1.5)],
    measuredBy: by("rest-unary"),
  },
  {
    path: "RPC over ws, validated, 8 x 32 in flight",
    yardstick: "bare ws echo, same bytes",
    heldBy: "surfaces",
    checks: [atLeast("rpc.rate", "calls/s", 0.55, 0.75)],
    measuredBy: by("rpc-unary"),
  },
  {
    path: "MCP tools/call",
    yardstick: "official SDK server with one session; our REST",
    heldBy: "surfaces",
    checks: [
      atLeast("mcp.sdk", "calls/s against the SDK", 5, 8),
      atLeast("mcp.rest", "calls/s against our REST", 0.6, 0.8),
    ],
    measuredBy: by("mcp-call"),
  },
  {
    path: "durable send, 64 in flight",
    yardstick: "raw node:http in the same run",
    heldBy: "comms",
    checks: [
      atLeast("send64.rate", "sends/s", 0.6, 0.8),
      atLeast("send64.slow-rate", "sends/s with 2 ms per sync", 0.45, 0.6),
      atMost("send64.slow-p99", "p99 with 2 ms per sync / (10 fsync + raw p99)", 1),
    ],
    measuredBy: by("send-64"),
  },
  {
    path: "durable send, 1 in flight",
    yardstick: "fdatasync p50",
    heldBy: "comms",
    checks: [atMost("send1.added", "(p50 - raw p50) / fdatasync p50", 3, 2)],
    measuredBy: by("send-1"),
  },
  {
    path: "durable send, 64 senders",
    yardstick: "JetStream 2.15 publish ack, sync_interval: always",
    heldBy: "comms",
    checks: [atLeast("jetstream.rate", "sends/s", 1, 2)],
    measuredBy: by("send-jetstream"),
  },
  {
    path: "emit to subscriber, loopback",
    yardstick: "none: absolute",
    heldBy: "comms",
    checks: [atMost("emit.p50", "p50", 1, 0.5, "ms"), atMost("emit.p99", "p99", 5, 2, "ms")],
    measuredBy: by("emit-latency"),
  },
  {
    path: "fan-out to 1,000 subscribers",
    yardstick: "raw socket writes",
    heldBy: "comms",
    checks: [
      atLeast("fan-out.sse", "SSE deliveries/s", 0.6, 0.85),
      atLeast("fan-out.ws", "ws deliveries/s", 0.8, 1),
    ],
    measuredBy: by("fan-out"),
  },
  {
    path: "resume of 10,000 events",
    yardstick: "none: absolute",
    heldBy: "comms",
    checks: [
      atLeast("resume.rate", "events/s", 100_000, 200_000, "/s"),
      atMost("resume.memory", "memory of the last round against the first", 1.1),
    ],
    measuredBy: by("resume"),
  },
  {
    path: "lease claim over UDS, durable",
    yardstick: "etcd txn; JetStream KV always",
    heldBy: "leases",
    checks: [
      atLeast("lease.etcd", "claims/s against etcd", 1.5, 2),
      atLeast("lease.jetstream", "claims/s against JetStream", 0.8, 1.1),
    ],
    measuredBy: waits("the leases plane"),
  },
  {
    path: "10,000 live leases, 30 s TTL",
    yardstick: "none: absolute",
    heldBy: "leases",
    checks: [atMost("lease.idle", "share of a core", 0.05, 0.02)],
    measuredBy: waits("the leases plane"),
  },
  {
    path: "lease proxy, 1 KB, c=32",
    yardstick: "nginx; Caddy on one core",
    heldBy: "lease-proxy",
    checks: [
      atLeast("proxy.nginx", "requests/s against nginx", 0.25, 0.3),
      atLeast("proxy.caddy", "requests/s against Caddy", 1.2, 1.5),
    ],
    measuredBy: waits("the lease proxy"),
  },
  {
    path: "lease proxy added p50, c=1",
    yardstick: "nginx's; portless's",
    heldBy: "lease-proxy",
    checks: [
      atMost("proxy.added-nginx", "added p50 against nginx", 4, 3),
      atMost("proxy.added-portless", "added p50 against portless", 0.4, 0.3),
    ],
    measuredBy: waits("the lease proxy"),
  },
  {
    path: "lease proxy h2 over TLS; 256 MB bodies",
    yardstick: "Caddy; nginx",
    heldBy: "lease-proxy",
    checks: [
      atLeast("proxy.h2", "requests/s against Caddy", 1.2, 1.5),
      atLeast("proxy.bulk", "bytes/s against nginx", 0.6, 0.85),
    ],
    measuredBy: waits("the lease proxy"),
  },
  {
    path: "gateway request",
    yardstick: "nginx CPU; undici dispatch sketch; Portkey's added latency",
    heldBy: "gateway",
    checks: [
      atMost("gateway.nginx", "CPU against nginx", 6, 4.5),
      atMost("gateway.undici", "CPU against the sketch", 1.5, 1.2),
      atMost("gateway.portkey", "added latency against Portkey", 0.5),
    ],
    measuredBy: waits("the gateway"),
  },
  {
    path: "gateway streamed chunk, 100 streams x 40/s",
    yardstick: "nginx's added p50",
    heldBy: "gateway",
    checks: [
      atMost("chunk.nginx", "added p50 against nginx", 4),
      atMost("chunk.p50", "added p50", 200, 120, "us"),
      atMost("chunk.p99", "p99 above nginx", 3, undefined, "ms"),
    ],
    measuredBy: waits("the gateway"),
  },
  {
    path: "PTY bulk and echo",
    yardstick: "ssh -tt",
    heldBy: "pty",
    checks: [
      atLeast("pty.two-hops", "bulk over two hops", 0.9, 1),
      atLeast("pty.one-hop", "bulk over one hop", 1, 1.5),
      atMost("pty.echo-p50", "echo p50 under flood", 2, 1, "ms"),
      atMost("pty.echo-p99", "echo p99 under flood", 10, undefined, "ms"),
    ],
    measuredBy: waits("the pty plane"),
  },
  {
    path: "file stream, two hops",
    yardstick: "sftp",
    heldBy: "mounts",
    checks: [atLeast("file.rate", "bytes/s", 1, 2)],
    measuredBy: waits("mounts and the hub"),
  },
  {
    path: "codegen, whole contract without Python models",
    yardstick: "openapi-typescript + hey-api on our openapi.yaml",
    heldBy: "codegen",
    checks: [
      atMost("codegen.time", "time", 1, 0.3),
      atMost("codegen.no-op", "time when nothing changed", 500, undefined, "ms"),
    ],
    measuredBy: by("codegen"),
  },
  {
    path: "CLI local command",
    yardstick: "node -e 0",
    heldBy: "cli",
    checks: [atMost("cli.time", "time of a command over the local socket", 1.8, 1.4)],
    measuredBy: by("cli-start"),
  },
  {
    path: "daemon ready / idle RSS",
    yardstick: "bare-Node twin",
    heldBy: "daemon",
    checks: [
      atMost("daemon.ready", "start to ready", 500, 300, "ms"),
      atMost("daemon.memory", "resident when idle", 110, 80, "MiB"),
    ],
    measuredBy: by("daemon-start"),
  },
  {
    path: "idle daemon with two idle hosts",
    yardstick: "none: absolute",
    heldBy: "daemon",
    checks: [
      atMost("idle.wake-ups", "wake-ups of all threads", 5, undefined, "/s"),
      atMost("idle.cpu", "share of a core", 0.1, undefined, "%"),
    ],
    measuredBy: by("idle-daemon"),
  },
  {
    path: "TS SDK call (Node)",
    yardstick: "undici Pool.request",
    heldBy: "sdks",
    checks: [atMost("sdk-ts.cpu", "CPU per call", 1.5, 1.2)],
    measuredBy: by("sdk-ts"),
  },
  {
    path: "Python SDK sync call; import",
    yardstick: "http.client; pydantic's import",
    heldBy: "sdks",
    checks: [
      atMost("sdk-py.call", "CPU per call", 3, 1.8),
      atMost("sdk-py.import", "import time against pydantic's", 1.5),
    ],
    measuredBy: by("sdk-py"),
  },
  {
    path: "event loop stall under load and fuzz",
    yardstick: "none: absolute",
    heldBy: "surfaces",
    checks: [
      atMost("stall.max", "longest", 50, 20, "ms"),
      atMost("stall.p999", "p99.9", 20, undefined, "ms"),
    ],
    measuredBy: by("loop-stall"),
  },
];

/** Every check by its id, with its bar. */
export const checks: ReadonlyMap<string, { bar: Bar; check: Check }> = new Map(
  bars.flatMap((bar) => bar.checks.map((check) => [check.id, { bar, check }] as const)),
);

export function holds({ relation }: Check, value: number, limit: number): boolean {
  return relation === ">=" ? value >= limit : value <= limit;
}
