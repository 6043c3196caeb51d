import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parley } from "../support/cli.js";
import { CommandPlace } from "../support/command-place.js";
import { startDaemon } from "../support/daemon.js";
import { otherUser, type PublicBuild, publicBuild } from "../support/other-user.js";
import { Stranger, strangerUid } from "../support/stranger.js";

const isRoot = process.geteuid?.() === 0;
if (!isRoot) console.log("SKIPPED commands of a second user: only root can become one");

/** Every command that works on files of this machine or calls the daemon. */
const commands = [
  ["up", "--detach"],
  ["restart"],
  ["status"],
  ["peers"],
  ["send", "reader", "hello"],
  ["stream", "reader"],
  ["session", "list"],
  ["token", "list"],
  ["endpoint", "list"],
  ["console"],
  ["agent", "echo", "--name", "reader"],
  ["mcp", "--name", "reader"],
  ["doctor"],
  ["logs"],
  ["backup", "copy.db"],
  ["restore", "copy.db"],
  ["stop"],
];
const failures = /\[(daemon_unreachable|path_unusable|invalid_request|storage_unavailable)\]/;

describe.skipIf(!isRoot)("[daemon.other-user] a user with the folders of another user", () => {
  let build: PublicBuild;
  /** Folders of root, closed to others. */
  let foreign: string;
  let place: CommandPlace;
  beforeAll(() => {
    build = publicBuild();
    foreign = mkdtempSync(join(tmpdir(), "parley-root-"));
    for (const name of ["state", "data", "config", "runtime"])
      mkdirSync(join(foreign, name, "parley"), { recursive: true });
    writeFileSync(join(foreign, "config/parley/parley.toml"), "[server]\nport = 0\n");
    place = new CommandPlace(build, otherUser);
  });
  afterAll(async () => {
    await place[Symbol.asyncDispose]();
    rmSync(foreign, { recursive: true, force: true });
    build[Symbol.dispose]();
  });

  test("with folders of their own every command works", async () => {
    const up = await place.run(["up", "--detach"]);
    expect([up.code, up.stderr]).toEqual([0, expect.stringContaining("parley runs")]);
    expect((await place.run(["peers"])).code).toBe(0);
    expect((await place.run(["stop"])).code).toBe(0);
  });

  test("[trust.foreign-port] up and stop name the user who has the daemon's port", async () => {
    await using stranger = await Stranger.start();
    const port = await stranger.listenOn(0);
    await using daemon = await startDaemon();
    await daemon.stop();
    const config = join(daemon.folder, "taken.toml");
    writeFileSync(config, `[server]\nport = ${port}\n`, { mode: 0o600 });
    const up = await parley(daemon.env, ["up", "--detach", "--config", config]);
    expect([up.code, up.stderr]).toEqual([
      0,
      expect.stringMatching(
        new RegExp(`^parley runs: .*; port ${port} belongs to user ${strangerUid}$`, "m"),
      ),
    ]);
    const path = join(daemon.folder, "state/parley/daemon.json");
    const { pid, ...left } = JSON.parse(readFileSync(path, "utf8"));
    const stopped = await parley(daemon.env, ["stop"]);
    expect([stopped.code, stopped.stderr]).toEqual([0, ""]);
    // As a daemon leaves it that was killed, after which the stranger was faster.
    const address = `http://127.0.0.1:${port}`;
    writeFileSync(path, JSON.stringify({ ...left, pid, address }), { mode: 0o600 });
    const none = await parley(daemon.env, ["stop"]);
    expect([none.code, none.stdout, none.stderr]).toEqual([
      0,
      "no daemon runs\n",
      `Port ${port} belongs to user ${strangerUid}: a daemon there is not yours, and was left alone.\n`,
    ]);
    expect((await stranger.loot()).connections).toBe(0);
  });

  const unset = { XDG_STATE_HOME: "", XDG_DATA_HOME: "", XDG_CONFIG_HOME: "", XDG_RUNTIME_DIR: "" };
  const cases: [string, () => NodeJS.ProcessEnv][] = [
    [
      "all variables that `su` kept",
      () => variables("STATE_HOME", "DATA_HOME", "CONFIG_HOME", "RUNTIME_DIR"),
    ],
    ["a kept XDG_STATE_HOME", () => variables("STATE_HOME")],
    ["a kept XDG_DATA_HOME", () => variables("DATA_HOME")],
    ["a kept XDG_CONFIG_HOME", () => variables("CONFIG_HOME")],
    ["a kept HOME", () => ({ HOME: foreign, ...unset })],
    ["a HOME that does not exist", () => ({ HOME: "/nonexistent", ...unset })],
    ["an empty HOME and no account", () => ({ HOME: "", ...unset })],
  ];
  test.each(cases)("%s: every command names what is wrong and what to type", async (_, change) => {
    const env = { ...place.env, ...change() };
    // No daemon starts, so the commands do not meet.
    const results = await Promise.all(
      commands.map(async (command) => ({ command, ...(await place.run(command, { env, timeout: 50_000 })) })),
    );
    for (const { command, code, stdout, stderr } of results) {
      const text = `${command.join(" ")}: exit code ${code}\n${stdout}${stderr}`;
      expect(text).not.toMatch(/\[internal\]|^\s+at |exit code null/m);
      if (code !== 0 && command[0] !== "doctor") expect(text).toMatch(failures);
    }
  });

  function variables(...names: string[]): NodeJS.ProcessEnv {
    return Object.fromEntries(
      names.map((name) => [`XDG_${name}`, join(foreign, name.replace(/_.*/, "").toLowerCase())]),
    );
  }
});
