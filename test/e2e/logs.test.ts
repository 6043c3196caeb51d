import { readdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parley, startParley } from "../support/cli.js";
import { localCall, startDaemon, type TestDaemon } from "../support/daemon.js";
import { until } from "../support/wait.js";

interface Line {
  msg: string;
  operation?: string;
}

/** The lines of a log and of what was rotated away from it; throws for one that is torn. */
function linesOf(folder: string, name: string): Line[] {
  return readdirSync(folder)
    .filter((file) => file.startsWith(name))
    .flatMap((file) => readFileSync(join(folder, file), "utf8").trimEnd().split("\n"))
    .map((line) => JSON.parse(line));
}

/** A detached daemon in the folders of a test daemon that has stopped. */
async function detach(daemon: TestDaemon, config: string): Promise<number> {
  await daemon.stop();
  const file = join(daemon.folder, "detached.toml");
  writeFileSync(file, `[server]\nport = 0\n${config}`);
  const { stdout, code } = await parley(daemon.env, ["up", "--detach", "--json", "--config", file]);
  expect(code).toBe(0);
  return JSON.parse(stdout).pid;
}

test.each([
  ["SIGUSR2", "", "state/parley", "daemon.log"],
  ["SIGHUP", "", "state/parley", "daemon.log"],
  ["SIGUSR2", 'file = "logs/own.log"\n', "logs", "own.log"],
] as const)(
  "[telemetry.rotation] rotating by %s under load (%s) loses and tears no line",
  async (signal, config, below, name) => {
    await using daemon = await startDaemon();
    const pid = await detach(daemon, `[log]\nrequests = true\n${config}`);
    const folder = join(daemon.folder, below);
    let asked = 0;
    const ask = async (): Promise<void> => {
      asked++;
      await localCall(daemon.socketPath, "GET", "/status");
    };
    try {
      for (let rotation = 1; rotation <= 3; rotation++) {
        await Promise.all(Array.from({ length: 40 }, ask));
        renameSync(join(folder, name), join(folder, `${name}.${rotation}`));
        const under = Promise.all(Array.from({ length: 40 }, ask));
        process.kill(pid, signal);
        await under;
        await until("the log to be made again", async () => {
          await ask();
          return readdirSync(folder).includes(name) ? true : undefined;
        });
      }
      expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
    } finally {
      expect((await parley(daemon.env, ["stop"])).code).toBe(0);
    }
    await until(
      "the last line",
      () => linesOf(folder, name).some(({ msg }) => msg === "Stopped.") || undefined,
    );
    const answered = linesOf(folder, name).filter(({ operation }) => operation === "system.status");
    expect(answered).toHaveLength(asked);
  },
);

test("[daemon.logs] parley logs prints the end of the log, follows it over a restart, and says where it goes else", async () => {
  await using daemon = await startDaemon();
  const foreground = await parley(daemon.env, ["logs"]);
  expect(foreground.code).toBe(2);
  expect(foreground.stderr).toContain(`the daemon (pid ${daemon.pid}) writes its log to the terminal`);
  await daemon.stop();
  const none = await parley(daemon.env, ["logs"]);
  expect([none.code, none.stderr]).toEqual([2, expect.stringContaining("there is no log yet")]);
  const pid = await detach(daemon, "");
  try {
    const { stdout } = await parley(daemon.env, ["logs"]);
    expect(stdout).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} info {2}Parley serves\. address=http/m);
    const json = await parley(daemon.env, ["logs", "--json", "-n", "1"]);
    expect(JSON.parse(json.stdout)).toMatchObject({ level: "info", msg: expect.any(String) });
    const following = startParley(daemon.env, ["logs", "--follow", "--lines", "1"]);
    const printed = (pattern: RegExp): Promise<true> =>
      until(`the follower to print ${pattern}`, () => (pattern.test(following.stdout) ? true : undefined));
    await printed(/\n/);
    expect((await parley(daemon.env, ["restart"])).code).toBe(0);
    await printed(/Stopped\.[\s\S]*Parley serves\./);
    expect(following.stdout.match(/Stopping\./g)).toHaveLength(1);
    await following.stop();
    expect(JSON.parse((await parley(daemon.env, ["status", "--json"])).stdout).pid).not.toBe(pid);
  } finally {
    expect((await parley(daemon.env, ["stop"])).code).toBe(0);
  }
  expect((await parley(daemon.env, ["logs", "-n", "1"])).stdout).toContain("Stopped.");
  expect((await parley(daemon.env, ["logs", "-n", "many"])).code).toBe(2);
});
