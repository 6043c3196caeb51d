import { request } from "node:http";
import { join } from "node:path";
import type { Benchmark, Result } from "../benchmark.js";
import { type BenchDaemon, openSession, startDaemon } from "../kit/daemon.js";
import { interleave, warmupRounds } from "../kit/interleave.js";
import { httpRequest, startLoader } from "../kit/load.js";
import { ask, root } from "../kit/process.js";
import { sendBody } from "../kit/send.js";
import { spread } from "../kit/stats.js";

interface Sample {
  max: number;
  /** Over this round and those before. */
  p999: number;
  samples: number;
}

/** How long the daemon's event loop is held up while it takes durable sends and hostile bodies at once. */
export const loopStall: Benchmark = {
  name: "loop-stall",
  summary: "event loop stalls of the daemon under durable sends (32 connections) and hostile requests",
  async run({ rounds, durationMs }): Promise<Result[]> {
    await using daemon = await startDaemon({
      nodeArgs: ["--import", join(root, "bench/kit/loop-probe.mjs")],
    });
    await using loader = await startLoader();
    await openSession(daemon, "sink");
    let done = 0;
    const { ours } = await interleave<"ours", Sample>(rounds, {
      ours: async () => {
        await ask(daemon, { stall: "reset", all: done <= warmupRounds });
        const load = loader.run({
          protocol: "http",
          port: daemon.port,
          pid: daemon.pid,
          connections: 32,
          inFlight: 1,
          head: httpRequest("POST", "/comms/send", {
            body: sendBody("sink"),
            headers: { authorization: `Bearer ${daemon.token}` },
          }),
          expect: "peer_message_sent",
          warmupMs: 100,
          durationMs: durationMs * 4,
        });
        let loaded = false;
        const over = load.finally(() => {
          loaded = true;
        });
        for (let turn = 0; !loaded; turn += 1) await hostile(daemon, turn);
        await over;
        done += 1;
        return ask<Sample>(daemon, { stall: "read" });
      },
    });
    return [
      {
        check: "stall.max",
        figure: spread(ours.map(({ max }) => max)),
        unit: "ms",
        detail: "worst of a round",
      },
      {
        check: "stall.p999",
        figure: spread(ours.slice(-1).map(({ p999 }) => p999)),
        unit: "ms",
        detail: `${ours.at(-1)?.samples} samples in all rounds`,
      },
    ];
  },
};

const limit = 1_000_000;

/** Bodies that have held up JSON servers before. */
const bodies: readonly (() => Buffer)[] = [
  () => Buffer.from("[".repeat(limit)),
  () => Buffer.from(`${"[".repeat(limit / 2)}${"]".repeat(limit / 2)}`),
  () =>
    Buffer.from(
      `{"kind":"peer_request","to":"sink","intent":"ask","params":${'{"a":'.repeat(60)}1${"}".repeat(61)}`,
    ),
  () => Buffer.from(`{"kind":"peer_message","to":"sink","body":"${"\\u0000".repeat(limit / 6 - 20)}"}`),
  () => Buffer.from(`{${Array.from({ length: 60_000 }, (_, n) => `"field${n}":${n}`).join(",")}}`),
  () =>
    Buffer.from(`{"kind":"peer_request","to":"sink","intent":"ask","params":[${"{},".repeat(300_000)}{}]}`),
  () => Buffer.from(`{"kind":"peer_request","to":"sink","intent":"ask","params":{${names(15_000)}}}`),
  () => Buffer.from(`{"kind":"peer_request","to":"sink","intent":"ask","params":{${names(90_000)}}}`),
  () => Buffer.from(`{"kind":"${"a".repeat(limit - 100)}"}`),
  () => Buffer.from(`1${"0".repeat(limit - 100)}`),
  () => Buffer.alloc(limit, 0xff),
  () => Buffer.alloc(limit * 2, 0x20),
];

function names(count: number): string {
  return Array.from({ length: count }, (_, n) => `"${n.toString(36)}":{}`).join(",");
}

function hostile(daemon: BenchDaemon, turn: number): Promise<void> {
  const body = bodies[turn % bodies.length]!();
  return new Promise((resolve) => {
    const outgoing = request(
      {
        host: "127.0.0.1",
        port: daemon.port,
        method: "POST",
        path: "/comms/send",
        headers: { authorization: `Bearer ${daemon.token}`, "content-type": "application/json" },
      },
      (response) => response.resume().once("close", resolve),
    );
    // A refusal in the middle of the upload is an answer too.
    outgoing.once("error", () => resolve());
    outgoing.end(body);
  });
}
