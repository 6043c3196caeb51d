// The load generator: raw sockets and prepared bytes, so that it costs less than any server it measures.
import type { OnAnswer } from "./connection.js";
import { cpuSeconds } from "./cpu.js";
import { openHttp } from "./http-connection.js";
import type { LoadSample, LoadSpec } from "./load.js";
import { openNats } from "./nats-connection.js";
import { percentile } from "./stats.js";
import { openWebSocket } from "./ws-connection.js";

const openers = { http: openHttp, ws: openWebSocket, nats: openNats };

process.on("message", (spec: LoadSpec) => {
  void measure(spec).then(
    (sample) => process.send!(sample),
    (error: Error) => process.send!({ failure: error.message }),
  );
});
process.send!("ready");

async function measure(spec: LoadSpec): Promise<LoadSample> {
  let latencies: number[] = [];
  let fail: (error: Error) => void = () => undefined;
  const failed = new Promise<never>((_, reject) => {
    fail = reject;
  });
  const open = openers[spec.protocol];
  const onAnswer: OnAnswer = (milliseconds) => void latencies.push(milliseconds);
  const connections = await Promise.race([
    Promise.all(
      Array.from({ length: spec.connections }, (_, index) => open(spec, headOf(spec, index), onAnswer, fail)),
    ),
    failed,
  ]);
  let stop = (): void => undefined;
  try {
    for (const connection of connections) connection.begin();
    if (spec.awake) stop = stayAwake();
    await Promise.race([passed(spec.warmupMs), failed]);
    latencies = [];
    const cpu = cpuSeconds(spec.pid);
    const started = performance.now();
    await Promise.race([passed(spec.durationMs), failed]);
    const seconds = (performance.now() - started) / 1000;
    const cpuUsed = cpuSeconds(spec.pid) - cpu;
    const operations = latencies.length;
    return {
      operations,
      seconds,
      rate: operations / seconds,
      cpuMicros: (cpuUsed * 1e6) / operations,
      p50: percentile(latencies, 0.5),
      p99: percentile(latencies, 0.99),
    };
  } finally {
    stop();
    fail = () => undefined;
    for (const connection of connections) connection.close();
  }
}

function headOf({ head }: LoadSpec, connection: number): string {
  return typeof head === "string" ? head : head[connection % head.length]!;
}

function passed(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/**
 * Never lets the load's processor sleep. Waking it is charged to whoever writes to it, and only a server that is slower
 * than this generator ever has to: up to a quarter of what a call costs it.
 */
function stayAwake(): () => void {
  let awake = true;
  const turn = (): void => {
    if (awake) setImmediate(turn);
  };
  turn();
  return () => {
    awake = false;
  };
}
