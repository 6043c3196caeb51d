import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { watchIdle } from "../../bench/kit/idle.js";
import { startDaemon } from "../support/daemon.js";
import { untilLive } from "../support/hosts.js";

const cli = fileURLToPath(new URL("../../dist/cli.cjs", import.meta.url));
const mostWakeUps = 5;
/** Longer than the period of every timer but those that fire once in 20 s. */
const windowMs = 8_000;
const windows = 10;

test("[daemon.idle] a daemon with two idle hosts is woken at most five times a second", async () => {
  await using daemon = await startDaemon();
  const { pid } = daemon;
  const hosts = ["one", "two"].map((name) =>
    spawn(process.execPath, [cli, "agent", "echo", "--name", name], { env: daemon.env, stdio: "ignore" }),
  );
  try {
    for (const name of ["one", "two"]) await untilLive(daemon, name);
    // A timer wakes the daemon in every window. What a start or a busy machine adds is missing in one of them.
    let least = Number.POSITIVE_INFINITY;
    for (let at = 0; at < windows && least > mostWakeUps; at += 1) {
      const [sample] = await watchIdle([pid], windowMs);
      least = Math.min(least, sample!.wakeUps);
    }
    expect(least).toBeLessThanOrEqual(mostWakeUps);
  } finally {
    await Promise.all(hosts.map(end));
  }
}, 150_000);

async function end(host: ChildProcess): Promise<void> {
  if (host.exitCode !== null || host.signalCode !== null) return;
  const ended = once(host, "exit");
  host.kill("SIGTERM");
  await ended;
}
