import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { parley } from "../support/cli.js";
import { localCall, startDaemon } from "../support/daemon.js";
import { until } from "../support/wait.js";

describe("[daemon.lifecycle] one daemon of a user", () => {
  test("[daemon.second-up] a second up says who already runs and changes nothing", async () => {
    await using daemon = await startDaemon();
    const { stdout, code } = await parley(daemon.env, ["up"]);
    expect(code).toBe(0);
    expect(stdout).toContain(`already runs: pid ${daemon.pid} at ${daemon.address}`);
    const status = JSON.parse((await parley(daemon.env, ["status", "--json"])).stdout);
    expect(status.pid).toBe(daemon.pid);
  });

  test("[daemon.up-detach] up --detach returns when it is ready; stop ends it and leaves nothing behind", async () => {
    const daemon = await startDaemon();
    await daemon.stop();
    const config = join(daemon.folder, "parley.toml");
    const { code, stderr } = await parley(daemon.env, ["up", "--detach", "--config", config]);
    expect(stderr).toMatch(/parley runs: pid \d+ at http:\/\/127\.0\.0\.1:\d+/);
    expect(code).toBe(0);
    const discovery = join(daemon.folder, "state/parley/daemon.json");
    const { pid, socket_path } = JSON.parse(readFileSync(discovery, "utf8"));
    expect(statSync(discovery).mode & 0o777).toBe(0o600);
    expect(statSync(socket_path).mode & 0o777).toBe(0o600);
    expect((await parley(daemon.env, ["stop"])).code).toBe(0);
    await until("the process to end", () => {
      try {
        process.kill(pid, 0);
        return undefined;
      } catch {
        return true;
      }
    });
    expect(existsSync(discovery)).toBe(false);
    expect(existsSync(socket_path)).toBe(false);
    const log = readFileSync(join(daemon.folder, "state/parley/daemon.log"), "utf8").trim().split("\n");
    expect(JSON.parse(log.at(-1)!)).toMatchObject({ level: "info", msg: "Stopped." });
    const after = await parley(daemon.env, ["status"]);
    expect(after.code).toBe(7);
    expect(after.stderr).toContain("No daemon of yours is running. Start your own with `parley up --detach`");
    await daemon[Symbol.asyncDispose]();
  });

  test("[daemon.sigterm] SIGTERM ends open streams with a reason and exits 0 with all receipts kept", async () => {
    await using daemon = await startDaemon();
    const { body } = await localCall(daemon.socketPath, "POST", "/sessions", { name: "bob" });
    const { session_id } = (body as { session: { session_id: string } }).session;
    const frames = readFrames(daemon.socketPath, `/comms/stream?scope=session&session_id=${session_id}`);
    await until("the stream to open", () => (frames.text.includes("stream_opened") ? true : undefined));
    const sent = await localCall(daemon.socketPath, "POST", "/comms/send", {
      kind: "peer_message",
      to: "bob",
      body: "keep me",
    });
    expect(sent.status).toBe(200);
    await daemon.stop("SIGTERM");
    await frames.ended;
    expect(frames.text).toContain("event: stream_closed");
    expect(frames.text).toContain('"reason":"shutdown"');
    await daemon.restart();
    const { body: again } = await localCall(daemon.socketPath, "GET", "/sessions/bob");
    expect(again).toMatchObject({ session: { session_id, unread: 1 } });
  });

  test("[daemon.bad-config] a mistake in the config is named with file, line and what to write", async () => {
    await using daemon = await startDaemon();
    await daemon.stop();
    const config = join(daemon.folder, "wrong.toml");
    writeFileSync(config, '[server]\nport = "high"\n');
    const { code, stderr } = await parley(daemon.env, ["up", "--config", config]);
    expect(code).toBe(2);
    expect(stderr).toContain(`${config}:2`);
    expect(stderr).toContain("port");
  });

  test("[trust.config-search] up prints one line about config files of the working directory and does not read them", async () => {
    await using daemon = await startDaemon();
    const folder = join(daemon.folder, "cloned");
    mkdirSync(folder);
    writeFileSync(join(folder, "parley.toml"), '[server]\nhost = "203.0.113.1"\n');
    const named = await parley(daemon.env, ["up", "--config", "parley.toml"], "", folder);
    expect(named.stderr).toBe("");
    const plain = await parley(daemon.env, ["up", "--json"], "", folder);
    expect(plain.stderr).toBe("./parley.toml is not read; to use it: parley up --config ./parley.toml\n");
    expect(JSON.parse(plain.stdout)).toMatchObject({ already_running: true, pid: daemon.pid });
    await daemon.stop();
    rmSync(join(folder, "parley.toml"));
    writeFileSync(join(folder, "labman.toml"), "this is no TOML");
    const user = join(daemon.env.XDG_CONFIG_HOME!, "parley/parley.toml");
    mkdirSync(dirname(user), { recursive: true });
    writeFileSync(user, "[server]\nport = 0\n");
    const up = await parley(daemon.env, ["up", "--detach"], "", folder);
    expect(up.stderr).toContain("./labman.toml is not read; to use it: parley up --config ./labman.toml\n");
    expect(up.code).toBe(0);
    expect((await parley(daemon.env, ["stop"], "", folder)).code).toBe(0);
  });

  test("[daemon.up-failure] up --detach tells why the daemon could not start", async () => {
    await using daemon = await startDaemon();
    await daemon.stop();
    writeFileSync(join(daemon.folder, "broken.db"), "this is no database, whoever wrote it".repeat(200));
    const config = join(daemon.folder, "broken.toml");
    writeFileSync(config, `[server]\nport = 0\n[store]\npath = "${join(daemon.folder, "broken.db")}"\n`);
    const { code, stderr } = await parley(daemon.env, ["up", "--detach", "--config", config]);
    expect(code).toBe(1);
    expect(stderr).toContain("broken.db: the file is not a database");
  });

  test("[daemon.up-stranger] who answers at the configured port is not taken for the daemon", async () => {
    await using daemon = await startDaemon();
    await daemon.stop();
    const silent = createServer().listen(0, "127.0.0.1");
    await once(silent, "listening");
    const config = join(daemon.env.XDG_CONFIG_HOME!, "parley/parley.toml");
    mkdirSync(dirname(config), { recursive: true });
    writeFileSync(config, `[server]\nport = ${(silent.address() as AddressInfo).port}\n`);
    const { code } = await parley(daemon.env, ["up", "--detach"]);
    silent.close();
    expect(code).toBe(0);
    expect((await parley(daemon.env, ["stop"])).code).toBe(0);
  });

  test("[daemon.doctor] doctor names what is wrong and the fix, and is content when nothing is", async () => {
    await using daemon = await startDaemon();
    const well = await parley(daemon.env, ["doctor"]);
    expect(well.stdout).toContain(`pid ${daemon.pid}`);
    expect(well.code).toBe(0);
    await daemon.stop();
    const down = await parley(daemon.env, ["doctor", "--json"]);
    expect(down.code).toBe(1);
    const finding = JSON.parse(down.stdout).findings.find(
      (entry: { check: string }) => entry.check === "daemon",
    );
    expect(finding).toMatchObject({
      state: "problem",
      id: "daemon-down",
      why: expect.stringContaining("nothing can be sent"),
      fix: expect.stringContaining("parley up --detach"),
    });
    const store = join(daemon.folder, "data/parley/parley.db");
    writeFileSync(store, "no database, whoever wrote it ".repeat(300));
    const damaged = await parley(daemon.env, ["doctor"]);
    expect(damaged.code).toBe(1);
    expect(damaged.stdout).toContain("parley restore <backup>");
    expect(readFileSync(store, "utf8")).toContain("whoever wrote it");
  });

  test("[daemon.store-lock] a second daemon on the same store is refused by name", async () => {
    await using daemon = await startDaemon();
    await expect(
      startDaemon({ config: `[store]\npath = "${join(daemon.folder, "data/parley/parley.db")}"` }),
    ).rejects.toThrow(/another process|already|in use/i);
  });
});

test("[cli.status-page] parley status shows what runs here and what is wrong, and with --json the contract's answer", async () => {
  await using daemon = await startDaemon();
  await localCall(daemon.socketPath, "POST", "/sessions", { name: "planner", description: "plans" });
  const { stdout, code } = await parley(daemon.env, ["status"]);
  expect(code).toBe(0);
  expect(stdout).toMatch(new RegExp(`^Daemon   parley \\S+, pid ${daemon.pid}, up \\d+ s`));
  expect(stdout).toContain(`Address  ${daemon.address}`);
  expect(stdout).toMatch(/^planner +online +0 +plans$/m);
  expect(stdout).toMatch(/Links\nnone/);
  chmodSync(join(daemon.folder, "state/parley"), 0o755);
  const troubled = await parley(daemon.env, ["status"]);
  expect(troubled.stdout).toMatch(/Problems {2}\d+[\s\S]*has mode 755\n.*fix: chmod 700/);
  const { body } = await localCall(daemon.socketPath, "GET", "/status");
  for (const flags of [["--json"], ["--json", "-"]]) {
    const answer = JSON.parse((await parley(daemon.env, ["status", ...flags], "{}")).stdout);
    const same = { uptime_ms: 0, counts: {} };
    expect({ ...answer, ...same }).toEqual({ ...(body as object), ...same });
  }
  writeFileSync(join(daemon.folder, "token"), daemon.token, { mode: 0o600 });
  const remote = ["--base-url", daemon.address, "--token-file", join(daemon.folder, "token")];
  expect((await parley(daemon.env, ["status", ...remote])).stdout).toContain(`pid ${daemon.pid}`);
});

describe("[auth.token-life] tokens from the command line", () => {
  test("[auth.cli-tokens] create, list, rotate with overlap, revoke", async () => {
    await using daemon = await startDaemon();
    const created = JSON.parse(
      (
        await parley(daemon.env, [
          "token",
          "create",
          "planner",
          "--scope",
          "comms:read",
          "--scope",
          "comms:write",
          "--json",
        ])
      ).stdout,
    );
    const use = async (secret: string): Promise<number> =>
      (await fetch(`${daemon.address}/comms/peers`, { headers: { authorization: `Bearer ${secret}` } }))
        .status;
    expect(await use(created.secret)).toBe(200);
    const listed = await parley(daemon.env, ["token", "list"]);
    expect(listed.stdout).toContain("planner");
    expect(listed.stdout).not.toContain(created.secret.split("_").slice(2).join("_"));
    const rotated = JSON.parse(
      (await parley(daemon.env, ["token", "rotate", created.token.token_id, "--overlap", "1h", "--json"]))
        .stdout,
    );
    expect(await use(created.secret)).toBe(200);
    expect(await use(rotated.secret)).toBe(200);
    expect((await parley(daemon.env, ["token", "revoke", created.token.token_id])).code).toBe(0);
    expect(await use(created.secret)).toBe(401);
    expect(await use(rotated.secret)).toBe(401);
    expect((await parley(daemon.env, ["token", "revoke", created.token.token_id])).code).toBe(3);
  });
});

interface Frames {
  text: string;
  ended: Promise<void>;
}

function readFrames(socketPath: string, path: string): Frames {
  const frames = { text: "" } as Frames;
  frames.ended = import("node:http").then(
    ({ get }) =>
      new Promise<void>((resolve, reject) => {
        get({ socketPath, path, headers: { accept: "text/event-stream" } }, (response) => {
          response.setEncoding("utf8").on("data", (chunk) => (frames.text += chunk));
          response.on("end", resolve).on("error", reject);
        }).on("error", reject);
      }),
  );
  return frames;
}
