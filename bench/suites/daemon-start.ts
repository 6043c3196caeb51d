import { rmSync } from "node:fs";
import { setTimeout as passed } from "node:timers/promises";
import type { Benchmark, Result } from "../benchmark.js";
import { amount, ratio } from "../kit/compare.js";
import { residentMiB } from "../kit/cpu.js";
import { prepareFolder } from "../kit/daemon.js";
import { interleave } from "../kit/interleave.js";
import { start } from "../kit/process.js";
import { median, spread } from "../kit/stats.js";

interface Sample {
  ready: number;
  memory: number;
}

/** From the start of the process to readiness with a fresh store, and what it holds when nobody calls. */
export const daemonStart: Benchmark = {
  name: "daemon-start",
  summary: "daemon: time to ready and resident memory when idle, beside a bare Node server",
  async run({ rounds }): Promise<Result[]> {
    const samples = await interleave<"ours" | "bare", Sample>(rounds, {
      ours: async () => {
        const { folder, env, config } = prepareFolder();
        try {
          return await startOnce("dist/daemon.js", ["--config", config], env);
        } finally {
          rmSync(folder, { recursive: true, force: true });
        }
      },
      bare: () => startOnce("bench/yardsticks/bare-node.mjs", [], process.env),
    });
    const { ours, bare } = samples;
    const twin = (of: (sample: Sample) => number): number => median(bare.map(of));
    return [
      {
        check: "daemon.ready",
        figure: spread(ours.map(({ ready }) => ready)),
        unit: "ms",
        detail: `bare Node ${amount(
          twin(({ ready }) => ready),
          "ms",
        )}`,
      },
      {
        check: "daemon.memory",
        figure: spread(ours.map(({ memory }) => memory)),
        unit: "MiB",
        detail: `bare Node ${amount(
          twin(({ memory }) => memory),
          "MiB",
        )}`,
      },
      ratio("daemon start against bare Node", ours, bare, ({ ready }) => ready, "ms"),
      ratio("daemon memory against bare Node", ours, bare, ({ memory }) => memory, "MiB"),
    ];
  },
};

async function startOnce(script: string, args: string[], env: NodeJS.ProcessEnv): Promise<Sample> {
  const started = performance.now();
  await using running = await start({ side: "server", script, built: true, args, env });
  const ready = performance.now() - started;
  await passed(1_000);
  return { ready, memory: residentMiB(running.pid) };
}
