import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { faultRuns } from "./index.js";
import type { FaultRun } from "./kit/fault-run.js";
import { carryOutFor } from "./kit/minutes.js";
import { progressOf } from "./kit/progress.js";
import { carryOut, type Line, table } from "./kit/report.js";
import { chosenSeed } from "./kit/seeded.js";

const usage = `npm run faults -- <id...|all> [--cycles N | --short | --minutes N] [--seed N] [--lanes N] [--json path]
Breaks something under the daemon again and again, and reports whether the promise held. A seed repeats its choices.
With --minutes, short parts follow each other until the time is over; the seed that is printed at the end goes on from there.
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    cycles: { type: "string" },
    short: { type: "boolean", default: false },
    minutes: { type: "string" },
    seed: { type: "string" },
    lanes: { type: "string", default: "1" },
    json: {
      type: "string",
      default: fileURLToPath(new URL("results/last.json", import.meta.url)),
    },
    help: { type: "boolean", default: false },
  },
});

const runs = await faultRuns();
const chosen = positionals.includes("all") ? runs : runs.filter(({ id }) => positionals.includes(id));
const unknown = positionals.filter((id) => id !== "all" && !runs.some((run) => run.id === id));

if (values.help || positionals.length === 0) {
  process.stdout.write(`${usage}\n${runs.map(listed).join("\n")}\n`);
} else if (unknown.length > 0) {
  process.stderr.write(`There is no run ${unknown.join(", ")}; \`npm run faults\` lists them.\n`);
  process.exitCode = 2;
} else {
  const load = loadavg().map((value) => value.toFixed(2));
  process.stdout.write(
    `${cpus().length} x ${cpus()[0]?.model}, Node ${process.version}; load average ${load.join(" ")}\n\n`,
  );
  const lines: Line[] = [];
  for (const run of chosen) {
    lines.push(values.minutes === undefined ? await carryOut(run, options(run)) : await timed(run));
    mkdirSync(dirname(values.json), { recursive: true });
    writeFileSync(values.json, `${JSON.stringify(lines, null, 2)}\n`);
  }
  process.stdout.write(`${table(lines)}\n\nAs JSON: ${values.json}\n`);
  process.exitCode = lines.some(({ broken }) => broken.length > 0) ? 1 : 0;
}

async function timed(run: FaultRun): Promise<Line> {
  const minutes = Number(values.minutes);
  const seed = values.seed === undefined ? chosenSeed() : Number(values.seed);
  process.stderr.write(`${run.id}: ${run.promise}\n  ${minutes} minutes, seed ${seed}\n`);
  const line = await carryOutFor(run, minutes, {
    seed,
    ...(values.cycles === undefined ? {} : { cycles: Number(values.cycles) }),
    lanes: Number(values.lanes),
    brief: values.short,
    progress: (done) => process.stderr.write(`${run.id}: ${done} cycles\n`),
  });
  process.stderr.write(`${run.id}: ${line.cycles} cycles; --seed ${line.nextSeed} goes on from here\n`);
  return line;
}

function options(run: FaultRun): Parameters<FaultRun["run"]>[0] {
  const cycles = values.cycles === undefined ? (values.short ? run.short : run.long) : Number(values.cycles);
  const seed = values.seed === undefined ? chosenSeed() : Number(values.seed);
  process.stderr.write(`${run.id}: ${run.promise}\n  ${cycles} cycles, seed ${seed}\n`);
  return {
    cycles,
    seed,
    lanes: Number(values.lanes),
    brief: values.short,
    progress: progressOf(run.id, cycles),
  };
}

function listed({ id, promise, long, short }: FaultRun): string {
  return `  ${id.padEnd(4)}${promise} (${long.toLocaleString("en")} cycles, ${short.toLocaleString("en")} in CI)`;
}
