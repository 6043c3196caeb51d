import { readdirSync } from "node:fs";
import { Counter, Gauge, type Metric, Registry } from "prom-client";
import type { Clock } from "../kernel/clock.js";
import { LoopDelay } from "./loop-delay.js";
import { OperationMetrics } from "./operation-metrics.js";

/** A number that another part holds; it is read at each scrape. */
export interface GaugeSource {
  name: `parley_${string}`;
  help: string;
  read(): number;
}

export interface Metrics {
  readonly registry: Registry;
  readonly operations: OperationMetrics;
  readonly contentType: string;
  /** The whole page in Prometheus' text format. */
  text(): Promise<string>;
  /** Adds a gauge; its name ends in a unit and never in `_total`. */
  gauge(source: GaugeSource): void;
  readonly loopDelay: LoopDelay;
  close(): void;
}

/** The daemon's registry: calls, the process, and what the parts add. */
export function createMetrics(facts: { version: string; contract: string }, clock: Clock): Metrics {
  const registry = new Registry();
  const operations = new OperationMetrics();
  for (const metric of operations.metrics()) {
    registry.registerMetric(metric as unknown as Metric);
  }
  const gauge = (source: GaugeSource | (Omit<GaugeSource, "name"> & { name: string })): void => {
    new Gauge({
      name: source.name,
      help: source.help,
      registers: [registry],
      collect() {
        this.set(source.read());
      },
    });
  };
  new Gauge({
    name: "parley_build_info",
    help: "Always 1; the labels say which build this is.",
    labelNames: ["version", "contract", "node"],
    registers: [registry],
  }).set({ ...facts, node: process.versions.node }, 1);
  new Counter({
    name: "process_cpu_seconds_total",
    help: "CPU time of the process, user and system.",
    registers: [registry],
    collect() {
      const { user, system } = process.cpuUsage();
      this.reset();
      this.inc((user + system) / 1e6);
    },
  });
  const startedAt = Date.now() / 1000 - process.uptime();
  gauge({
    name: "process_start_time_seconds",
    help: "Start of the process, seconds since the epoch.",
    read: () => startedAt,
  });
  gauge({
    name: "process_resident_memory_bytes",
    help: "Memory of the process that is in RAM.",
    read: () => process.memoryUsage.rss(),
  });
  gauge({
    name: "process_open_fds",
    help: "Open file descriptors; 0 where the system does not tell.",
    read: openFds,
  });
  const loopDelay = new LoopDelay(clock, () => performance.now());
  gauge({
    name: "parley_event_loop_delay_seconds",
    help: "Longest time that the event loop was blocked since the last scrape, sampled while requests or frames arrive.",
    read: () => loopDelay.takeLongest() / 1000,
  });
  return {
    registry,
    operations,
    contentType: registry.contentType,
    text: () => registry.metrics(),
    gauge,
    loopDelay,
    close: () => loopDelay.close(),
  };
}

function openFds(): number {
  try {
    return readdirSync("/proc/self/fd").length - 1;
  } catch {
    return 0;
  }
}
