import { spawn } from "node:child_process";
import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createClient } from "../../sdks/typescript/src/index.js";
import { parley, type RunningCli, startParley } from "../support/cli.js";
import { localCall, startDaemon, type TestDaemon } from "../support/daemon.js";
import { untilLive } from "../support/hosts.js";
import { until } from "../support/wait.js";

let daemon: TestDaemon;

beforeAll(async () => {
  daemon = await startDaemon();
});
afterAll(() => daemon?.[Symbol.asyncDispose]());

async function statusOf(name: string): Promise<number> {
  return (await localCall(daemon.socketPath, "GET", `/sessions/${name}`)).status;
}

function echo(name: string): RunningCli {
  return startParley(daemon.env, ["agent", "echo", "--name", name, "--ephemeral"]);
}

describe("[host.ephemeral] an ephemeral host", () => {
  test("of the CLI closes its session at its end, and keeps it over kill -9 of the daemon", async () => {
    const host = echo("brief");
    await untilLive(daemon, "brief");
    const before = await localCall(daemon.socketPath, "GET", "/sessions/brief");
    await daemon.stop("SIGKILL");
    await daemon.restart();
    await until("the host to be back", async () => ((await statusOf("brief")) === 200 ? true : undefined));
    const { stdout } = await parley(daemon.env, ["send", "brief", "still here", "--stream"]);
    expect(stdout).toBe("still here\n");
    const after = await localCall(daemon.socketPath, "GET", "/sessions/brief");
    const idOf = ({ body }: { body: unknown }): string =>
      (body as { session: { session_id: string } }).session.session_id;
    expect(idOf(after)).toBe(idOf(before));
    await host.stop();
    expect(await statusOf("brief")).toBe(404);
  });

  test("of the CLI that is killed leaves a session that the daemon closes", async () => {
    const host = echo("killed");
    await untilLive(daemon, "killed");
    host.child.kill("SIGKILL");
    await until(
      "the session to be closed",
      async () => ((await statusOf("killed")) === 404 ? true : undefined),
      30_000,
    );
  });

  test("of the TypeScript SDK closes its session", async () => {
    await using client = createClient({ socketPath: daemon.socketPath });
    const host = client.host("brief-ts", { ephemeral: true });
    const serving = host.serve(() => null);
    await untilLive(daemon, "brief-ts");
    await host.stop();
    await serving;
    expect(await statusOf("brief-ts")).toBe(404);
  });

  const program = `
import asyncio, sys, threading
from parley import AsyncParley, Parley
path = sys.argv[1]
with Parley(socket_path=path) as client:
    host = client.host("brief-py", ephemeral=True)
    host.open()
    print(client.sessions.get(name="brief-py").session.ephemeral)
    threading.Timer(0.3, host.stop).start()
    host.serve(lambda interaction, turn: None)
    print([one.name for one in client.sessions.list().sessions if one.name == "brief-py"])
async def main():
    async with AsyncParley(socket_path=path) as client:
        host = client.host("brief-py", ephemeral=True)
        await host.open()
        async def answer(interaction, turn): return None
        asyncio.get_running_loop().call_later(0.3, host.stop)
        await host.serve(answer)
        print([one.name for one in (await client.sessions.list()).sessions if one.name == "brief-py"])
asyncio.run(main())
`;
  test.skipIf(process.env.PARLEY_TEST_PYTHON === undefined)(
    "of the Python SDK closes its session",
    async () => {
      const child = spawn(process.env.PARLEY_TEST_PYTHON!, ["-c", program, daemon.socketPath], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      let text = "";
      child.stdout.setEncoding("utf8").on("data", (piece) => (text += piece));
      await once(child, "close");
      expect(text).toBe("True\n[]\n[]\n");
    },
  );
});

describe("[cli.boolean-flags] a flag that is true or false", () => {
  test.each([
    [["--ephemeral"], true],
    [["--ephemeral", "true"], true],
    [["--ephemeral", "false"], undefined],
    [["--json", "--ephemeral"], true],
  ])("%j after the name", async (words, ephemeral) => {
    const name = `flag-${words.join("").replace(/-/g, "")}`;
    const { code, stdout } = await parley(daemon.env, [
      "session",
      "open",
      name,
      ...words,
      ...(words.includes("--json") ? [] : ["--json"]),
    ]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout).session.ephemeral).toBe(ephemeral);
  });

  test("takes no other word for its value", async () => {
    const { code, stderr } = await parley(daemon.env, ["session", "open", "--ephemeral", "swallowed"]);
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: expect.stringContaining("Allowed choices are true, false"),
    });
  });
});

describe("[cli.session-prune] parley session prune", () => {
  const prune = (...words: string[]): ReturnType<typeof parley> =>
    parley(daemon.env, ["session", "prune", ...words]);

  test("closes what is offline, empty and old, and prints it; --dry-run closes nothing", async () => {
    const open = (name: string, more: object = {}): Promise<unknown> =>
      localCall(daemon.socketPath, "POST", "/sessions", { name, ttl_ms: 0, ...more });
    await open("old-one");
    await open("has-mail");
    await open("has-held", { inbound_policy: { peer_message: "hold" } });
    await open("in-use", { ttl_ms: 600_000 });
    for (const name of ["has-mail", "has-held"]) await parley(daemon.env, ["send", name, "read me"]);
    expect((await prune()).stderr).toContain("none of ");
    const dry = await prune("--dry-run", "--older-than", "1ms");
    expect(dry.stdout).toMatch(/^old-one {2}would be closed; last used \d{4}-.*\n$/);
    expect(await statusOf("old-one")).toBe(200);
    const real = await prune("--older-than", "1ms", "--json");
    expect(JSON.parse(real.stdout)).toMatchObject({
      dry_run: false,
      closed: [{ name: "old-one" }],
      failed: [],
    });
    expect(await statusOf("old-one")).toBe(404);
    for (const name of ["has-mail", "has-held", "in-use", "user-local"])
      expect(await statusOf(name)).toBe(200);
  });
});
