import { afterEach, expect, test } from "vitest";
import { systemClock } from "../kernel/clock.js";
import { createMetrics, type Metrics } from "./metrics.js";

let metrics: Metrics;
afterEach(() => metrics.close());

test("[telemetry.metrics] calls are counted by code and timed by operation", async () => {
  metrics = createMetrics({ version: "0.3.0", contract: "0.3.0" }, systemClock);
  metrics.operations.observe("comms.send", "rest", "ok", 0.0002);
  metrics.operations.observe("comms.send", "rest", "ok", 0.02);
  metrics.operations.observe("comms.send", "rest", "peer_not_found", 100);
  metrics.operations.observe("comms.send", "rpc", "ok", 0.001);
  const text = await metrics.text();
  expect(text).toContain('parley_operations_total{operation="comms.send",surface="rest",code="ok"} 2');
  expect(text).toContain(
    'parley_operations_total{operation="comms.send",surface="rest",code="peer_not_found"} 1',
  );
  const bucket = (le: string): string =>
    new RegExp(`_bucket\\{operation="comms.send",surface="rest",le="${le}"\\} (\\d+)`).exec(text)?.[1] ??
    "none";
  expect(["0.0001", "0.00025", "0.01", "0.025", "75", "\\+Inf"].map(bucket)).toEqual([
    "0",
    "1",
    "1",
    "2",
    "2",
    "3",
  ]);
  expect(text).toContain('_sum{operation="comms.send",surface="rest"} 100.0202');
  expect(text).toContain('_count{operation="comms.send",surface="rest"} 3');
  expect(text).toContain('_count{operation="comms.send",surface="rpc"} 1');
});

test("[telemetry.metrics] names, help and types are what Prometheus' linter wants", async () => {
  metrics = createMetrics({ version: "0.3.0", contract: "0.3.0" }, systemClock);
  metrics.gauge({ name: "parley_streams_open", help: "Open streams.", read: () => 4 });
  metrics.operations.observe("comms.peers", "mcp", "ok", 0.001);
  const text = await metrics.text();
  expect(text).toMatch(/^parley_streams_open 4$/m);
  const types = new Map([...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => [name!, type!]));
  const helps = new Set([...text.matchAll(/^# HELP (\S+) \S.*$/gm)].map(([, name]) => name!));
  for (const [name, type] of types) {
    expect(helps.has(name), name).toBe(true);
    expect(name).toMatch(/^(parley|process)_[a-z0-9_]+$/);
    expect(name.endsWith("_total"), name).toBe(type === "counter");
    expect(name).not.toMatch(/_(ms|milliseconds|kb|count|sum|bucket)$/);
  }
  const samples = [...text.matchAll(/^([a-z_]+)[{ ]/gm)].map(([, name]) =>
    name!.replace(/_(bucket|sum|count)$/, ""),
  );
  expect(samples.every((name) => types.has(name))).toBe(true);
  expect(Number(/^process_open_fds (\d+)$/m.exec(text)?.[1])).toBeGreaterThan(0);
  expect(Number(/^process_cpu_seconds_total (\S+)$/m.exec(text)?.[1])).toBeGreaterThan(0);
});
