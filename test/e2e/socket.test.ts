import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { parley } from "../support/cli.js";
import { startDaemon, type TestDaemon } from "../support/daemon.js";
import { until } from "../support/wait.js";

const discovery = (daemon: TestDaemon): { socket_path: string; pid: number } =>
  JSON.parse(readFileSync(join(daemon.folder, "state/parley/daemon.json"), "utf8"));

const answered = (daemon: TestDaemon): Promise<true> =>
  until("the daemon to answer on its socket", async () => {
    const { code, stdout } = await parley(daemon.env, ["status", "--json"]);
    return code === 0 && JSON.parse(stdout).pid === daemon.pid ? true : undefined;
  });

describe("the socket's file under a running daemon", () => {
  test.each<[string, (daemon: TestDaemon) => void]>([
    ["the file is removed", ({ socketPath }) => rmSync(socketPath)],
    [
      "a logout removes the runtime folder",
      ({ socketPath }) => rmSync(dirname(socketPath), { recursive: true }),
    ],
    ["the file is moved away", ({ socketPath }) => renameSync(socketPath, `${socketPath}.old`)],
    [
      "the state folder is removed with the discovery file",
      ({ folder, socketPath }) => {
        rmSync(join(folder, "state"), { recursive: true });
        rmSync(socketPath);
      },
    ],
  ])("[daemon.socket-kept] clients reach the daemon within seconds after %s", async (_what, change) => {
    await using daemon = await startDaemon();
    change(daemon);
    await answered(daemon);
    expect(statSync(daemon.socketPath).mode & 0o777).toBe(0o600);
    expect(discovery(daemon)).toMatchObject({ pid: daemon.pid, socket_path: daemon.socketPath });
    // Once more: the repair must be repaired too.
    change(daemon);
    await answered(daemon);
    expect((await parley(daemon.env, ["stop"])).code).toBe(0);
    await until("the files to go", () => (existsSync(daemon.socketPath) ? undefined : true));
  });

  test("[daemon.socket-kept] stop finds a daemon whose files were all removed a moment ago", async () => {
    await using daemon = await startDaemon();
    rmSync(join(daemon.folder, "state"), { recursive: true });
    rmSync(dirname(daemon.socketPath), { recursive: true });
    const { code, stdout } = await parley(daemon.env, ["stop"]);
    expect([code, stdout]).toEqual([0, `parley has stopped: pid ${daemon.pid}\n`]);
  });

  test.each<[string, (folder: string) => void]>([
    ["is a file", (folder) => writeFileSync(folder, "notes")],
    [
      "can be written by others",
      (folder) => {
        mkdirSync(folder);
        chmodSync(folder, 0o777);
      },
    ],
    ...(process.getuid?.() === 0
      ? ([
          [
            "belongs to another user",
            (folder) => {
              mkdirSync(folder, { mode: 0o700 });
              chownSync(folder, 65_533, 65_533);
            },
          ],
        ] as [string, (folder: string) => void][])
      : []),
  ])(
    "[daemon.socket-elsewhere] clients find the socket of a daemon whose socket folder %s",
    async (_what, spoil) => {
      const runtime = mkdtempSync("/tmp/parley-run-");
      try {
        spoil(join(runtime, "parley"));
        const before = statSync(join(runtime, "parley"));
        await using daemon = await startDaemon({ env: { XDG_RUNTIME_DIR: runtime, TMPDIR: runtime } });
        expect(daemon.socketPath).toMatch(/parley-\d+\/[0-9a-f]{12}\.sock$/);
        await answered(daemon);
        const { stdout } = await parley(daemon.env, ["doctor", "--json"]);
        expect(JSON.parse(stdout).findings).toContainEqual(
          expect.objectContaining({ id: "socket-elsewhere" }),
        );
        expect((await parley(daemon.env, ["stop"])).code).toBe(0);
        const { mode, uid } = statSync(join(runtime, "parley"));
        expect([mode, uid, readdirSync(runtime)]).toEqual([before.mode, before.uid, ["parley"]]);
      } finally {
        rmSync(runtime, { recursive: true, force: true });
      }
    },
  );

  test("[daemon.socket-elsewhere] a socket path that is too long leads to a private folder that clients find", async () => {
    const temporary = `/tmp/parley-test-${process.pid}`;
    mkdirSync(temporary, { mode: 0o700 });
    try {
      await using daemon = await startDaemon({
        config: `socket = "${"long/".repeat(30)}d.sock"`,
        env: { TMPDIR: temporary },
      });
      expect(daemon.socketPath).toMatch(new RegExp(`^${temporary}/parley-\\d+/[0-9a-f]{12}\\.sock$`));
      expect(statSync(dirname(daemon.socketPath)).mode & 0o777).toBe(0o700);
      expect(statSync(daemon.socketPath).mode & 0o777).toBe(0o600);
      await answered(daemon);
      rmSync(dirname(daemon.socketPath), { recursive: true });
      await answered(daemon);
      expect(daemon.output).toContain("is longer than the system allows");
      expect((await parley(daemon.env, ["stop"])).code).toBe(0);
      await until("the folder to go", () => (existsSync(dirname(daemon.socketPath)) ? undefined : true));
    } finally {
      rmSync(temporary, { recursive: true, force: true });
    }
  });
});
