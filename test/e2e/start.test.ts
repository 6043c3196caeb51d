import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parley, startParley } from "../support/cli.js";
import { startDaemon, type TestDaemon } from "../support/daemon.js";
import { until } from "../support/wait.js";

test("[daemon.up-race] of daemons started at once one runs, and every start names it and succeeds", async () => {
  await using daemon = await startDaemon();
  await daemon.stop();
  const config = join(daemon.folder, "parley.toml");
  const starts = await Promise.all(
    [["--detach"], ["--detach"], ["--detach"]].map((flags) =>
      parley(daemon.env, ["up", ...flags, "--json", "--config", config]),
    ),
  );
  try {
    expect(starts.map(({ code, stderr }) => [code, stderr])).toEqual(starts.map(() => [0, ""]));
    const told = starts.map(({ stdout }) => JSON.parse(stdout));
    expect(new Set(told.map(({ pid }) => pid)).size).toBe(1);
    expect(told.filter(({ already_running }) => already_running === false)).toHaveLength(1);
  } finally {
    expect((await parley(daemon.env, ["stop"])).code).toBe(0);
  }
});

test("[daemon.start-cleanup] a start that fails after the store was opened closes everything and ends", async () => {
  await using daemon = await startDaemon();
  await daemon.stop();
  const config = join(daemon.folder, "nowhere.toml");
  // From the block for documentation: no machine has it.
  writeFileSync(config, '[server]\nhost = "203.0.113.1"\nport = 0\n');
  const { code, stderr } = await parley(daemon.env, ["up", "--detach", "--config", config]);
  // The exit code of the error `address_unavailable`.
  expect(code).toBe(5);
  expect(stderr).toContain("EADDRNOTAVAIL");
  // The store is free again: nothing of the failed start holds it.
  await daemon.restart();
});

interface Halted {
  pid: number;
  /** The command that started it, which still waits. */
  starting: ReturnType<typeof startParley>;
}

/** A daemon that was halted before it served. */
async function haltedStart(daemon: TestDaemon): Promise<Halted> {
  await daemon.stop();
  const path = join(daemon.folder, "state/parley/daemon.json");
  for (;;) {
    const starting = startParley(daemon.env, ["up", "--detach"]);
    await until("the daemon to announce its start", () => (existsSync(path) ? true : undefined), 20_000, 1);
    const { pid } = JSON.parse(readFileSync(path, "utf8"));
    process.kill(pid, "SIGSTOP");
    if (JSON.parse(readFileSync(path, "utf8")).state === "starting") return { pid, starting };
    // It was faster.
    process.kill(pid, "SIGCONT");
    await starting.result;
    await parley(daemon.env, ["stop"]);
  }
}

describe("a daemon that is starting", () => {
  test("[daemon.up-waits] another up waits for it and names it; stop ends it", async () => {
    await using daemon = await startDaemon();
    const { pid, starting } = await haltedStart(daemon);
    const other = startParley(daemon.env, ["up", "--detach"]);
    await until("up to mention that it waits", () =>
      other.stderr.includes(`(pid ${pid}), which is starting`) ? true : undefined,
    );
    process.kill(pid, "SIGCONT");
    const results = await Promise.all([starting.result, other.result]);
    expect(results.map(({ code }) => code)).toEqual([0, 0]);
    expect(results[1]!.stdout).toContain(`parley already runs: pid ${pid}`);
    expect((await parley(daemon.env, ["stop"])).code).toBe(0);

    const again = await haltedStart(daemon);
    const stopping = startParley(daemon.env, ["stop"]);
    await until("stop to wait", () => (stopping.stderr.includes("waiting") ? true : undefined));
    process.kill(again.pid, "SIGCONT");
    expect(await stopping.result).toMatchObject({
      code: 0,
      stdout: `parley has stopped: pid ${again.pid}\n`,
    });
    expect((await again.starting.result).code).toBe(1);
    expect(existsSync(join(daemon.folder, "state/parley/daemon.json"))).toBe(false);
  });

  test("[daemon.discovery] one that was killed leaves nothing that keeps the next from starting", async () => {
    await using daemon = await startDaemon();
    const { pid, starting } = await haltedStart(daemon);
    process.kill(pid, "SIGKILL");
    expect((await starting.result).code).toBe(1);
    expect((await parley(daemon.env, ["up", "--detach"])).code).toBe(0);
    expect((await parley(daemon.env, ["stop"])).code).toBe(0);
  });
});
