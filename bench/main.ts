import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { bars } from "./bars.js";
import type { Benchmark } from "./benchmark.js";
import { pinned, root } from "./kit/process.js";
import { type Line, table, toLine } from "./kit/report.js";
import { benchmarks } from "./suites/index.js";

const usage = `npm run bench -- [name...|all] [--rounds N] [--seconds S] [--json path]
Peer and ours alternate in one run; figures are medians of the rounds, ratios medians of paired ratios.
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "1.5" },
    json: { type: "string" },
    help: { type: "boolean", default: false },
  },
});

if (values.help || positionals.length === 0) {
  list();
} else {
  process.exitCode = await run(positionals);
}

function list(): void {
  const waiting = bars.flatMap(({ path, measuredBy }) =>
    "waitsFor" in measuredBy ? [`  ${path}: waits for ${measuredBy.waitsFor}`] : [],
  );
  const known = [...benchmarks.values()].map(({ name, summary }) => `  ${name.padEnd(16)}${summary}`);
  process.stdout.write(
    `${usage}\nBenchmarks\n${known.join("\n")}\n\nBars without one\n${waiting.join("\n")}\n`,
  );
}

async function run(names: readonly string[]): Promise<number> {
  const chosen: Benchmark[] = [];
  for (const name of names.includes("all") ? benchmarks.keys() : names) {
    const benchmark = benchmarks.get(name);
    if (benchmark === undefined) {
      process.stderr.write(`There is no benchmark ${name}; \`npm run bench\` lists them.\n`);
      return 2;
    }
    chosen.push(benchmark);
  }
  const load = loadavg().map((value) => Number(value.toFixed(2)));
  const busy = load[0]! > 0.5;
  const machine = `${cpus().length} x ${cpus()[0]?.model}, Node ${process.version}`;
  const state = `load average ${load.join(" ")}${busy ? " (BUSY: trust ratios, not absolute figures)" : ""}`;
  const sides = pinned ? "server on processor 0, load on 1" : "not pinned to processors";
  process.stdout.write(`${machine}; ${state}; ${sides}\n\n`);
  const lines: Line[] = [];
  let failures = 0;
  for (const benchmark of chosen) {
    process.stderr.write(`${benchmark.name}: ${benchmark.summary}\n`);
    try {
      const results = await benchmark.run({
        rounds: Number(values.rounds),
        durationMs: Number(values.seconds) * 1000,
        progress: (text) => void process.stderr.write(`  ${text}\n`),
      });
      lines.push(...results.map((result) => toLine(benchmark.name, result)));
    } catch (error) {
      failures += 1;
      process.stderr.write(`${(error as Error).stack}\n`);
      lines.push(
        ...bars
          .filter(({ measuredBy }) => "benchmark" in measuredBy && measuredBy.benchmark === benchmark.name)
          .flatMap(({ checks }) => checks)
          .map(({ id }) =>
            toLine(benchmark.name, {
              check: id,
              reason: `the benchmark failed: ${(error as Error).message}`,
            }),
          ),
      );
    }
  }
  process.stdout.write(`${table(lines)}\n`);
  const path = values.json ?? join(root, "bench/results/last.json");
  mkdirSync(dirname(path), { recursive: true });
  const measured = {
    at: new Date().toISOString(),
    machine,
    load_before: load,
    load_after: loadavg().map((value) => Number(value.toFixed(2))),
    busy,
    pinned,
    rounds: Number(values.rounds),
    seconds: Number(values.seconds),
    results: lines,
  };
  writeFileSync(path, `${JSON.stringify(measured, null, 2)}\n`);
  return failures === 0 ? 0 : 1;
}
