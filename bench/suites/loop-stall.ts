import { request } from "node:http";
import { join } from "node:path";
import type { Benchmark, Result } from "../benchmark.js";
import { type BenchDaemon, openSession, startDaemon } from "../kit/daemon.js";
import { interleave, warmupRounds } from "../kit/interleave.js";
import { startLoader } from "../kit/load.js";
import { ask, root } from "../kit/process.js";
import { sendLoad } from "../kit/send.js";
import { spread } from "../kit/stats.js";

interface Sample {
  /** Longest that the loop was late in the round. */
  delayMs: number;
  /** Processor time of the round's longest turn of the loop. */
  turnMs: number;
  /** As `turnMs`, the 99.9th percentile of all turns in this round and those before. */
  rareTurnMs: number;
  turns: number;
}

/**
 * How long the daemon's event loop is held up while it takes durable sends and hostile bodies at once. What counts is the
 * processor time of one turn: how late a turn comes also tells who else was on the machine.
 */
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
    const sample = async (stall: "turns" | "delay"): Promise<Sample> => {
      await ask(daemon, { stall, all: done <= warmupRounds });
      const load = loader.run({
        ...sendLoad(daemon, "sink"),
        connections: 32,
        warmupMs: 100,
        durationMs: durationMs * 2,
      });
      let loaded = false;
      const over = load.finally(() => {
        loaded = true;
      });
      for (let turn = 0; !loaded; turn += 1) await hostile(daemon, turn);
      await over;
      if (stall === "turns") done += 1;
      return ask<Sample>(daemon, { stall: "read" });
    };
    const { turns, delays } = await interleave<"turns" | "delays", Sample>(rounds, {
      turns: () => sample("turns"),
      delays: () => sample("delay"),
    });
    return [
      {
        check: "stall.max",
        figure: spread(turns.map(({ turnMs }) => turnMs)),
        unit: "ms",
        detail: "processor time of the longest turn in a round",
      },
      {
        check: "stall.p999",
        figure: spread(turns.slice(-1).map(({ rareTurnMs }) => rareTurnMs)),
        unit: "ms",
        detail: `processor time; ${turns.at(-1)?.turns} turns in all rounds`,
      },
      {
        check: "event loop delay: longest of a round",
        figure: spread(delays.map(({ delayMs }) => delayMs)),
        unit: "ms",
        detail: "wall time, with everybody else on the machine",
      },
    ];
  },
};

const limit = 1_000_000;

/** Bodies that have held up JSON servers before, most of them for `/comms/send`. */
const bodies: readonly ((() => Buffer) | readonly [path: string, body: () => Buffer])[] = [
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
  [
    "/sessions/sink/emit",
    () => Buffer.from(`{"events":[${"{},".repeat(60_000)}{}],"claim_token":"t","interaction_id":"none"}`),
  ],
  ["/tokens", () => Buffer.from(`{"name":"a","sessions":["*"],"scopes":[${"1,".repeat(limit / 2 - 100)}1]}`)],
  ["/sessions", () => Buffer.from(`{"name":"a","labels":{${names(60_000, 16_000)}}}`)],
];

function names(count: number, different = count): string {
  return Array.from({ length: count }, (_, n) => `"${(n % different).toString(36)}":{}`).join(",");
}

function hostile(daemon: BenchDaemon, turn: number): Promise<void> {
  const chosen = bodies[turn % bodies.length]!;
  const [path, body] = typeof chosen === "function" ? ["/comms/send", chosen] : chosen;
  return new Promise((resolve) => {
    const outgoing = request(
      {
        host: "127.0.0.1",
        port: daemon.port,
        method: "POST",
        path,
        headers: { authorization: `Bearer ${daemon.token}`, "content-type": "application/json" },
      },
      (response) => response.resume().once("close", resolve),
    );
    // A refusal in the middle of the upload is an answer too.
    outgoing.once("error", () => resolve());
    outgoing.end(body());
  });
}
