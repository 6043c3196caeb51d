import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Discovery, findDaemonProcess } from "../../../src/platform/discovery-file.js";
import { isRunning } from "../../../src/platform/process-identity.js";
import { startParley } from "../../support/cli.js";
import { placesIn } from "../../support/places.js";
import { uncappedLines } from "../../support/uncapped.js";
import { until } from "../../support/wait.js";
import type { FaultOptions, FaultResult } from "../kit/fault-run.js";
import { type Seeded, seeded } from "../kit/seeded.js";

const program = fileURLToPath(new URL("../../../dist/cli.cjs", import.meta.url));
/** How long a stop waits for a call that is never sent whole: every stop meets one now and then. */
const drainMs = 300;

/**
 * The command lines that a script would hold; `gone` fails while the process of `$BEFORE` runs. Another `stop` shows that the
 * judge finds one that returns too early.
 */
const lines = (stop: string): Record<string, string> => ({
  up: `${stop} && gone && parley up --detach`,
  restore: `${stop} && gone && parley restore backup.db && parley up --detach`,
  backup: `${stop} && gone && parley backup --force backup.db && parley up --detach`,
  restart: "parley restart",
  "up-no-wait": "parley stop --no-wait && parley up --detach",
  "restore-no-wait": "parley stop --no-wait && parley restore backup.db && parley up --detach",
});

interface Loop {
  readonly env: NodeJS.ProcessEnv;
  readonly folder: string;
  readonly random: Seeded;
  readonly broken: string[];
  readonly took: Map<string, number[]>;
  /** Messages that are in the store, and those that are in the backup. */
  stored: Set<string>;
  saved: Set<string>;
}

/** A cycle is each of the command lines once, in a seeded order, with a host that is attached throughout. */
export async function lifeCycles(
  { cycles, seed, progress }: FaultOptions,
  stop = "parley stop",
): Promise<FaultResult> {
  const folder = mkdtempSync(join(tmpdir(), "parley-life-"));
  const loop: Loop = {
    env: environment(folder),
    folder,
    random: seeded(seed),
    broken: [],
    took: new Map(),
    stored: new Set(),
    saved: new Set(),
  };
  try {
    await run(
      loop,
      "parley up --detach && parley session open notes --ttl 1h --json && parley backup backup.db",
    );
    const host = startParley(loop.env, ["agent", "echo", "--name", "echo"]);
    try {
      for (let cycle = 0; cycle < cycles && loop.broken.length < 10; cycle += 1) {
        for (const [name, line] of shuffled(Object.entries(lines(stop)), loop.random))
          await step(loop, name, line, `seed ${seed}, cycle ${cycle}, ${name}`);
        progress?.(cycle + 1);
      }
      if (host.child.exitCode !== null) loop.broken.push(`the host ended: ${host.stderr}`);
    } finally {
      await host.stop();
    }
  } finally {
    await endDaemon(folder);
    rmSync(folder, { recursive: true, force: true });
  }
  const figures: Record<string, number> = { command_lines: [...loop.took.values()].flat().length };
  for (const [name, all] of loop.took)
    figures[`${name.replaceAll("-", "_")}_ms`] = Math.round(Math.max(...all));
  return { figures, broken: loop.broken };
}

/** One command line, and what has to hold after it. */
async function step(loop: Loop, name: string, line: string, where: string): Promise<void> {
  const { folder, random, broken, took } = loop;
  const text = `${where} ${random.between(0, 1e9)}`;
  const { code: sent, output: refusal } = await run(loop, `parley send notes ${JSON.stringify(text)}`);
  if (sent !== 0) broken.push(`${where}: a message was refused: ${refusal}`);
  else loop.stored.add(text);
  const before = daemonOf(folder);
  if (before === undefined) broken.push(`${where}: no daemon runs before it`);
  const slow = random.chance(0.5) && before !== undefined ? unfinishedCall(before.socket_path) : undefined;
  const began = performance.now();
  const { code, output } = await run(loop, line, before?.pid);
  took.set(name, [...(took.get(name) ?? []), performance.now() - began]);
  slow?.();
  if (code !== 0) {
    broken.push(`${where}: exit code ${code}: ${output}`);
    await run(loop, "parley up --detach");
    return;
  }
  if (name === "backup") loop.saved = new Set(loop.stored);
  if (name.startsWith("restore")) loop.stored = new Set(loop.saved);
  const after = daemonOf(folder);
  if (after === undefined) broken.push(`${where}: no daemon runs after it`);
  if (after !== undefined && after.pid === before?.pid)
    broken.push(`${where}: the daemon is still the one before`);
  if (before !== undefined && isRunning(before)) broken.push(`${where}: the daemon before still runs`);
  await judge(loop, where);
}

/** The store holds what it should, and the host answers once it is attached again. */
async function judge(loop: Loop, where: string): Promise<void> {
  const { broken, stored } = loop;
  const { code, output } = await run(loop, "parley session get notes --json");
  const unread = code === 0 ? JSON.parse(output).session.unread : output;
  if (unread !== stored.size) broken.push(`${where}: ${unread} messages wait, ${stored.size} were stored`);
  const line = `parley send echo "${where}" --stream`;
  let last = "";
  try {
    await until("the host to answer", async () => {
      const asked = await run(loop, line);
      last = asked.output;
      return asked.code === 0 && asked.output.includes(where) ? true : undefined;
    });
  } catch {
    broken.push(`${where}: the host did not answer: ${last}`);
  }
}

/** Runs a line in a shell, as a script does. */
function run(
  { env, folder }: Loop,
  line: string,
  before = 0,
): Promise<{ code: number | null; output: string }> {
  const child = spawn("sh", ["-c", line], {
    cwd: folder,
    env: { ...env, BEFORE: `${before}` },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text) => (output += text));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, output }));
  });
}

/** Folders, config and commands of the loop. */
function environment(folder: string): NodeJS.ProcessEnv {
  const env = placesIn(folder);
  const config = join(env.XDG_CONFIG_HOME!, "parley/parley.toml");
  mkdirSync(dirname(config), { recursive: true, mode: 0o700 });
  const limits = `[limits]\ndrain_ms = ${drainMs}\n[comms]\n${uncappedLines}inbox_max = 1000000\n`;
  writeFileSync(config, `[server]\nport = 0\n${limits}`, { mode: 0o600 });
  const bin = join(folder, "bin");
  mkdirSync(bin);
  writeScript(join(bin, "parley"), `exec "${process.execPath}" "${program}" "$@"`);
  // A process that ended counts as gone before its parent collects it.
  const runs = 'echo "pid $BEFORE still runs after the stop"; exit 9';
  writeScript(join(bin, "gone"), `case "$(ps -o stat= -p "$BEFORE")" in ""|Z*) ;; *) ${runs};; esac`);
  return { ...env, PATH: `${bin}:${env.PATH}` };
}

function writeScript(path: string, body: string): void {
  writeFileSync(path, `#!/bin/sh\n${body}\n`, { mode: 0o755 });
}

function daemonOf(folder: string): Discovery | undefined {
  return findDaemonProcess(join(folder, "state/parley/daemon.json"));
}

/** A call that is never sent whole: a stop waits for it as long as it waits for any. */
function unfinishedCall(socketPath: string): () => void {
  const headers = { "content-type": "application/json", "content-length": 100 };
  const call = request({ socketPath, method: "POST", path: "/sessions", headers });
  call.on("error", () => undefined).write("{");
  return () => void call.destroy();
}

async function endDaemon(folder: string): Promise<void> {
  const daemon = daemonOf(folder);
  if (daemon === undefined) return;
  process.kill(daemon.pid, "SIGKILL");
  await until("the daemon to end", () => (isRunning(daemon) ? undefined : true));
}

function shuffled<T>(items: readonly T[], random: Seeded): T[] {
  const left = [...items];
  return items.map(() => left.splice(random.between(0, left.length - 1), 1)[0]!);
}
