import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { placesIn } from "../support/places.js";
import { until } from "../support/wait.js";

const root = fileURLToPath(new URL("../..", import.meta.url));

interface Started extends AsyncDisposable {
  npm: ChildProcess;
  output: string;
  /** Settles when nothing more can be printed. */
  closed: Promise<unknown>;
}

/** A real `npm start` in a process group of its own, with the machine's npm and Node. */
async function npmStart(): Promise<Started> {
  const folder = mkdtempSync(join(tmpdir(), "parley-npm-"));
  const config = join(folder, "parley.toml");
  writeFileSync(config, "[server]\nport = 0\n");
  const own = join(root, "node_modules/.bin");
  const path = (process.env.PATH ?? "")
    .split(delimiter)
    .filter((place) => place !== own && !place.includes("vitest"));
  const npm = spawn("npm", ["start", "--no-update-notifier", "--", "--config", config], {
    cwd: root,
    env: { ...placesIn(folder), PATH: path.join(delimiter) },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  const started: Started = {
    npm,
    output: "",
    closed: once(npm, "close"),
    async [Symbol.asyncDispose]() {
      for (const { pid } of groupOf(npm.pid!)) process.kill(pid, "SIGKILL");
      await until("all processes to end", () => (groupOf(npm.pid!).length === 0 ? true : undefined));
      rmSync(folder, { recursive: true, force: true });
    },
  };
  for (const stream of [npm.stdout!, npm.stderr!])
    stream.setEncoding("utf8").on("data", (text) => (started.output += text));
  return started;
}

/** Processes of the group that have not ended, with their command lines. */
function groupOf(pgid: number): { pid: number; args: string }[] {
  return execFileSync("ps", ["-eo", "pid=,pgid=,stat=,args="], { encoding: "utf8" })
    .split("\n")
    .map((line) => /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line))
    .filter((fields) => fields !== null && Number(fields[2]) === pgid && !fields[3]!.startsWith("Z"))
    .map((fields) => ({ pid: Number(fields![1]), args: fields![4]! }));
}

/** The process among those of the start whose command line holds the text. */
function processOf({ npm }: Started, text: string): number {
  return groupOf(npm.pid!).find(({ args }) => args.includes(text))!.pid;
}

test.each<[string, NodeJS.Signals, (started: Started) => number]>([
  ["npm", "SIGTERM", ({ npm }) => npm.pid!],
  ["npm", "SIGINT", ({ npm }) => npm.pid!],
  ["npm", "SIGHUP", ({ npm }) => npm.pid!],
  ["npm", "SIGKILL", ({ npm }) => npm.pid!],
  ["the launcher", "SIGTERM", (started) => processOf(started, "start.cjs")],
  ["the launcher", "SIGKILL", (started) => processOf(started, "start.cjs")],
  ["the command", "SIGTERM", (started) => processOf(started, "cli.cjs up")],
  ["the command", "SIGKILL", (started) => processOf(started, "cli.cjs up")],
])("[start.signals] %s that receives %s takes the daemon along", async (_who, signal, pidOf) => {
  await using started = await npmStart();
  await until(
    "the daemon to run",
    () => (started.output.includes("parley runs: pid") ? true : undefined),
    60_000,
  );
  expect(groupOf(started.npm.pid!).map(({ args }) => args)).toContainEqual(
    expect.stringContaining("daemon.js"),
  );
  process.kill(pidOf(started), signal);
  await until("every process of the start to end", () =>
    groupOf(started.npm.pid!).length === 0 ? true : undefined,
  );
  await started.closed;
  // In order: streams were closed and the store was written.
  expect(started.output).toContain('"msg":"Stopped."');
});

test("[start.signals] a signal that arrives before the daemon runs ends the start", async () => {
  await using started = await npmStart();
  await until("the launcher to run", () =>
    groupOf(started.npm.pid!).some(({ args }) => args.includes("start.cjs")) ? true : undefined,
  );
  started.npm.kill("SIGTERM");
  await until("every process of the start to end", () =>
    groupOf(started.npm.pid!).length === 0 ? true : undefined,
  );
});
