import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type ClientRequest, request } from "node:http";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { processSurroundings } from "../../sdks/typescript/src/runtime/node/discovery.js";
import { NodeSource } from "../../sdks/typescript/src/runtime/node/node-source.js";
import { processStart } from "../../src/platform/process-identity.js";
import { parley, startParley } from "../support/cli.js";
import { startDaemon, type TestDaemon } from "../support/daemon.js";
import { until } from "../support/wait.js";

const discoveryFile = (daemon: TestDaemon): string => join(daemon.folder, "state/parley/daemon.json");
const discovery = (daemon: TestDaemon): { pid: number; state: string } =>
  JSON.parse(readFileSync(discoveryFile(daemon), "utf8"));
const lives = (pid: number): boolean => processStart(pid) !== undefined;
const inState = (daemon: TestDaemon, state: string): Promise<true> =>
  until(`the daemon to be ${state}`, () => (discovery(daemon).state === state ? true : undefined));

interface Detached extends AsyncDisposable {
  pid: number;
}

/** A daemon of `up --detach` in the folders of a test daemon. */
async function detach(daemon: TestDaemon): Promise<Detached> {
  await daemon.stop();
  const { stdout, code, stderr } = await parley(daemon.env, ["up", "--detach", "--json"]);
  expect([code, stderr]).toEqual([0, ""]);
  const { pid } = JSON.parse(stdout);
  return { pid, [Symbol.asyncDispose]: () => stopAll(daemon) };
}

/** Ends the daemon that runs in these folders now, whatever state the test left it in. */
async function stopAll(daemon: TestDaemon): Promise<void> {
  const { pid } = existsSync(discoveryFile(daemon)) ? discovery(daemon) : { pid: 0 };
  if (pid === 0 || !lives(pid)) return;
  process.kill(pid, "SIGKILL");
  await until("the daemon to end", () => (lives(pid) ? undefined : true));
}

/** A call that is not sent whole, for which a stop waits. */
async function unfinishedCall(daemon: TestDaemon): Promise<ClientRequest> {
  const call = request({
    socketPath: daemon.socketPath,
    method: "POST",
    path: "/sessions",
    headers: { "content-type": "application/json", "content-length": 100 },
  });
  call.on("error", () => undefined);
  call.write("{");
  await once(call, "socket");
  await until("the call to arrive", () => (call.socket?.bytesWritten ? true : undefined));
  return call;
}

describe("[daemon.stop-waits] parley stop", () => {
  test("returns when the process is gone, and --no-wait when the stop has begun", async () => {
    await using daemon = await startDaemon({ config: "[limits]\ndrain_ms = 600000" });
    for (const flags of [[], ["--no-wait"]]) {
      await using running = await detach(daemon);
      const { pid } = running;
      const call = await unfinishedCall(daemon);
      const stopping = startParley(daemon.env, ["stop", "--json", ...flags]);
      if (flags.length === 0) {
        await inState(daemon, "stopping");
        expect(stopping.child.exitCode).toBe(null);
        call.destroy();
      }
      const { stdout, code } = await stopping.result;
      expect(code).toBe(0);
      expect(lives(pid)).toBe(flags.length > 0);
      expect(JSON.parse(stdout)).toEqual({
        stopping: true,
        pid,
        ...(flags.length === 0 ? { stopped: true } : {}),
      });
      call.destroy();
      // Another stop finds it under way, and waits for the same end.
      expect((await parley(daemon.env, ["stop"])).code).toBe(0);
      expect([lives(pid), existsSync(discoveryFile(daemon)), existsSync(daemon.socketPath)]).toEqual([
        false,
        false,
        false,
      ]);
    }
    const none = await parley(daemon.env, ["stop"]);
    expect([none.code, none.stdout]).toEqual([0, "no daemon runs\n"]);
    const { stdout } = await parley(daemon.env, ["stop", "--json"]);
    expect(JSON.parse(stdout)).toEqual({ stopping: false, stopped: true });
  });

  test("names the process and what to type when the daemon does not stop in time", async () => {
    await using daemon = await startDaemon({ config: "[limits]\ndrain_ms = 600000" });
    await using running = await detach(daemon);
    await unfinishedCall(daemon);
    const { code, stderr } = await parley(daemon.env, ["stop", "--timeout", "1500ms"]);
    expect(code).toBe(1);
    expect(stderr).toContain(`waiting for the daemon (pid ${running.pid}) to stop`);
    expect(stderr).toContain(`(pid ${running.pid}) did not stop within 1.5 s`);
    expect(stderr).toContain(`kill -9 ${running.pid}`);
  });

  test("[daemon.up-waits] up waits for a daemon that is stopping, then starts another", async () => {
    await using daemon = await startDaemon({ config: "[limits]\ndrain_ms = 600000" });
    await using running = await detach(daemon);
    const first = running.pid;
    const call = await unfinishedCall(daemon);
    expect((await parley(daemon.env, ["stop", "--no-wait"])).code).toBe(0);
    const starting = startParley(daemon.env, ["up", "--detach"]);
    await until("up to mention that it waits", () =>
      starting.stderr.includes(`waiting for the daemon (pid ${first}) to stop`) ? true : undefined,
    );
    expect(lives(first)).toBe(true);
    call.destroy();
    const { code } = await starting.result;
    expect([code, lives(first)]).toEqual([0, false]);
    const { pid } = JSON.parse((await parley(daemon.env, ["status", "--json"])).stdout);
    expect(pid).not.toBe(first);
  });
});

describe("a daemon whose socket cannot be reached", () => {
  test("[daemon.up-names] up names the daemon that runs, and stop ends it", async () => {
    await using daemon = await startDaemon();
    await using running = await detach(daemon);
    const { pid } = running;
    // A halted process cannot put its socket back.
    process.kill(pid, "SIGSTOP");
    rmSync(daemon.socketPath);
    const second = await parley(daemon.env, ["up", "--detach"]);
    expect(second.code).toBe(7);
    expect(second.stderr).toContain(`Your daemon (pid ${pid}, serving since`);
    expect(second.stderr).toContain("`parley stop` ends it");
    const third = startParley(daemon.env, ["up", "--detach"]);
    await until("up to mention that it waits", () => (third.stderr.includes("waiting") ? true : undefined));
    process.kill(pid, "SIGCONT");
    const { code, stdout } = await third.result;
    expect(code).toBe(0);
    expect(stdout).toContain(`parley already runs: pid ${pid} at http://127.0.0.1:`);

    process.kill(pid, "SIGSTOP");
    rmSync(daemon.socketPath);
    const stopping = startParley(daemon.env, ["stop"]);
    await until("stop to wait", () => (stopping.stderr.includes("waiting") ? true : undefined));
    process.kill(pid, "SIGCONT");
    expect(await stopping.result).toMatchObject({ code: 0, stdout: `parley has stopped: pid ${pid}\n` });
    expect(lives(pid)).toBe(false);
  });

  test("[daemon.identity] a process that received the number of a daemon that was killed is left alone", async () => {
    await using daemon = await startDaemon();
    const left = readFileSync(discoveryFile(daemon), "utf8");
    await daemon.stop("SIGKILL");
    const bystander = spawn("sleep", ["600"]);
    await once(bystander, "spawn");
    onTestFinished(() => void bystander.kill("SIGKILL"));
    writeFileSync(discoveryFile(daemon), left.replace(`"pid": ${daemon.pid}`, `"pid": ${bystander.pid}`));
    expect(discovery(daemon).pid).toBe(bystander.pid);
    const stopped = await parley(daemon.env, ["stop"]);
    expect([stopped.code, stopped.stdout]).toEqual([0, "no daemon runs\n"]);
    expect((await parley(daemon.env, ["up", "--detach"])).code).toBe(0);
    expect(discovery(daemon).pid).not.toBe(bystander.pid);
    expect((await parley(daemon.env, ["stop"])).code).toBe(0);
    expect(lives(bystander.pid!)).toBe(true);
  });
});

describe("[daemon.restart] parley restart", () => {
  test("[trust.start-wait] a call waits from the beginning of the stop to the end of the start", async () => {
    await using daemon = await startDaemon({ config: "[limits]\ndrain_ms = 600000" });
    await using running = await detach(daemon);
    const call = await unfinishedCall(daemon);
    const restarting = startParley(daemon.env, ["restart", "--json"]);
    await inState(daemon, "stopping");
    const source = new NodeSource(
      {},
      {
        ...processSurroundings,
        env: daemon.env,
        home: daemon.folder,
        uid: process.geteuid?.(),
        pause: async (ms) => {
          call.destroy();
          await processSurroundings.pause(ms);
        },
      },
    );
    const transport = await source.get();
    expect(transport.address).toBe(`unix:${daemon.socketPath}`);
    expect(discovery(daemon).pid).not.toBe(running.pid);
    source.close();
    expect((await restarting.result).code).toBe(0);
    expect((await parley(daemon.env, ["stop"])).code).toBe(0);
  });

  test("starts another daemon with the config of the one before, and keeps that one when the config is wrong", async () => {
    await using daemon = await startDaemon();
    await daemon.stop();
    await using last = { [Symbol.asyncDispose]: () => stopAll(daemon) };
    void last;
    const config = join(daemon.folder, "own.toml");
    writeFileSync(config, `[server]\nport = 0\n[comms]\ninbox_max = 77\n`);
    const flags = ["--json", "--config", config];
    const first = JSON.parse((await parley(daemon.env, ["restart", ...flags])).stdout);
    const again = await parley(daemon.env, ["restart", "--json"]);
    expect([again.code, again.stderr]).toEqual([0, ""]);
    const status = JSON.parse((await parley(daemon.env, ["status", "--json"])).stdout);
    expect(status).toMatchObject({ config_path: config, limits: { inbox_max: 77 } });
    expect(status.pid).not.toBe(first.pid);
    expect(lives(first.pid)).toBe(false);
    writeFileSync(config, '[server]\nport = "high"\n');
    const refused = await parley(daemon.env, ["restart"]);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain(`${config}:2`);
    expect(JSON.parse((await parley(daemon.env, ["status", "--json"])).stdout).pid).toBe(status.pid);
  });
});
