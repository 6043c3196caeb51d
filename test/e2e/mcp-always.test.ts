import { once } from "node:events";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startParley } from "../support/cli.js";
import { CommandPlace } from "../support/command-place.js";
import { localCall, startDaemon, type TestDaemon } from "../support/daemon.js";
import { until } from "../support/wait.js";

const program = fileURLToPath(new URL("../../dist/cli.cjs", import.meta.url));

/** An agent whose official client started the bridge. */
class Agent implements AsyncDisposable {
  readonly changes: string[] = [];
  updates = 0;
  readonly client: Client;
  readonly transport: StdioClientTransport;

  constructor(env: NodeJS.ProcessEnv, words: string[], pin?: string) {
    const options = pin === undefined ? {} : { versionNegotiation: { mode: { pin } } };
    this.client = new Client({ name: "an-agent", version: "1.0.0" }, options);
    this.client.setNotificationHandler("notifications/tools/list_changed", () => {
      this.changes.push("tools");
    });
    this.client.setNotificationHandler("notifications/resources/updated", () => {
      this.updates += 1;
    });
    const args = [program, ...words];
    this.transport = new StdioClientTransport({
      command: process.execPath,
      args,
      env: env as Record<string, string>,
      stderr: "ignore",
    });
  }

  static async start(env: NodeJS.ProcessEnv, words: string[], pin?: string): Promise<Agent> {
    const agent = new Agent(env, words, pin);
    await agent.client.connect(agent.transport);
    return agent;
  }

  get instructions(): string {
    return this.client.getInstructions() ?? "";
  }

  async peers(): Promise<{ code: unknown; message: string; notice: string; isError: boolean }> {
    const { content, structuredContent, isError } = await this.client.callTool({
      name: "peers",
      arguments: {},
    });
    const { code, message } = (structuredContent ?? {}) as { code?: unknown; message?: string };
    const [, ...more] = content as { text: string }[];
    return {
      code,
      message: message ?? "",
      notice: more.map(({ text }) => text).join(" "),
      isError: isError === true,
    };
  }

  /** Calls until the result fits. */
  async untilPeers(
    what: string,
    fits: (result: Awaited<ReturnType<Agent["peers"]>>) => boolean,
  ): Promise<void> {
    await until(what, async () => (fits(await this.peers()) ? true : undefined));
  }

  async tools(): Promise<unknown[]> {
    return (await this.client.listTools()).tools;
  }

  kill(): void {
    process.kill(this.transport.pid!, "SIGKILL");
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.client.close();
  }
}

const bridge = (name: string, ...more: string[]): string[] => ["mcp", "--name", name, ...more];

async function sessionState(daemon: TestDaemon, name: string): Promise<string> {
  const { body } = await localCall(daemon.socketPath, "GET", `/sessions/${name}`);
  return (body as { session?: { state: string } }).session?.state ?? "none";
}

describe.each([["2025-11-25"], ["2026-07-28"]])("[mcp.always] revision %s", (revision) => {
  const pin = revision.startsWith("2026") ? revision : undefined;

  test("a bridge whose daemon is down answers, reports it in each call, and goes on when the daemon is there", async () => {
    await using daemon = await startDaemon();
    let offered: unknown[];
    {
      await using before = await Agent.start(daemon.env, bridge("before"), pin);
      offered = await before.tools();
    }
    await daemon.stop("SIGKILL");
    await using agent = await Agent.start(daemon.env, bridge("bot"), pin);
    expect(agent.instructions).toMatch(/No daemon of yours is running.*Call `peers`/s);
    expect(await agent.tools()).toEqual(offered);
    for (const _ of [1, 2]) {
      const began = performance.now();
      expect(await agent.peers()).toMatchObject({ isError: true, code: "daemon_unreachable" });
      expect(performance.now() - began).toBeLessThan(5_000);
    }
    const listener =
      pin === undefined
        ? undefined
        : await agent.client.listen({
            toolsListChanged: true,
            resourceSubscriptions: ["comms://inbox/bot"],
          });
    await daemon.restart();
    await agent.untilPeers("the call to succeed", ({ isError }) => !isError);
    expect(await sessionState(daemon, "bot")).toBe("live");
    await until("the change of lists", async () => (agent.changes.length > 0 ? true : undefined));
    // The session of MCP that the daemon did not open can be watched too.
    if (pin === undefined) await agent.client.subscribeResource({ uri: "comms://inbox/bot" });
    const { resources } = await agent.client.listResources();
    expect(resources.map(({ uri }) => uri)).toEqual(["comms://inbox/bot"]);
    const message = { kind: "peer_message", to: "bot", body: "after the outage" };
    await localCall(daemon.socketPath, "POST", "/comms/send", message);
    await until("the news of the inbox", async () => (agent.updates > 0 ? true : undefined));
    await listener?.close();
  });
});

test("[mcp.always] a daemon that hangs: the client is answered, and each call reports it until it goes on", async () => {
  await using daemon = await startDaemon();
  await using before = await Agent.start(daemon.env, bridge("before"));
  expect((await before.peers()).isError).toBe(false);
  process.kill(daemon.pid, "SIGSTOP");
  try {
    await using agent = await Agent.start(daemon.env, bridge("bot"));
    expect(agent.instructions).toContain("Call `peers`");
    expect(await agent.tools()).toHaveLength(2);
    const began = performance.now();
    const results = await Promise.all([agent.peers(), before.peers()]);
    expect(performance.now() - began).toBeLessThan(40_000);
    for (const { isError, code } of results)
      expect([isError, ["daemon_unreachable", "deadline_exceeded"].includes(String(code))]).toEqual([
        true,
        true,
      ]);
    process.kill(daemon.pid, "SIGCONT");
    for (const one of [agent, before]) await one.untilPeers("the daemon's answer", ({ isError }) => !isError);
  } finally {
    process.kill(daemon.pid, "SIGCONT");
  }
}, 120_000);

test("[mcp.always] stderr, which clients keep as the server's log, states once what is wrong", async () => {
  await using user = new CommandPlace();
  const running = startParley(user.env, bridge("bot"));
  await until("the reason", async () => (running.stderr.includes("No daemon of yours") ? true : undefined));
  await until("a second try", async () => (running.stderr.includes("waiting for") ? true : undefined));
  await running.stop();
  expect(running.stderr.match(/No daemon of yours/g)).toHaveLength(1);
  expect(running.stdout).toBe("");
});

describe("[mcp.always] names", () => {
  let daemon: TestDaemon;
  beforeAll(async () => {
    daemon = await startDaemon();
  });
  afterAll(() => daemon?.[Symbol.asyncDispose]());

  test("a name that is taken: the next free one serves, and the name is taken when it is free", async () => {
    await using first = await Agent.start(daemon.env, bridge("planner"));
    expect(first.instructions).not.toContain("another holder");
    await using second = await Agent.start(daemon.env, bridge("planner"));
    expect(second.instructions).toContain("You are `planner-2` here");
    expect(await second.peers()).toMatchObject({
      isError: false,
      notice: expect.stringContaining("`planner-2`"),
    });
    expect(await sessionState(daemon, "planner-2")).toBe("live");
    await first.client.close();
    await until("the second to have the name", async () =>
      (await sessionState(daemon, "planner-2")) === "offline" ? true : undefined,
    );
    expect(await sessionState(daemon, "planner")).toBe("live");
    expect((await second.peers()).notice).toContain("You are `planner` now, no longer `planner-2`");
    expect((await second.peers()).notice).toBe("");
  });

  test("no free name: each call reports it, until there is one", async () => {
    const token = "held-by-the-test-0000";
    const names = ["full", ...[2, 3, 4, 5, 6, 7, 8, 9].map((n) => `full-${n}`)];
    const open = (name: string, ttl_ms: number): Promise<unknown> =>
      localCall(daemon.socketPath, "POST", "/sessions", { name, lease_token: token, ttl_ms });
    for (const name of names) await open(name, 3_600_000);
    await using agent = await Agent.start(daemon.env, bridge("full"));
    await agent.untilPeers("the refusal", ({ code }) => code === "session_name_taken");
    expect(await agent.tools()).toHaveLength(2);
    await open("full", 0);
    await agent.untilPeers("the name", ({ isError, notice }) => !isError && notice === "");
    expect(await sessionState(daemon, "full")).toBe("live");
  });

  test("a bridge that was killed is followed by one with its name at once", async () => {
    for (let kills = 0; kills < 3; kills += 1) {
      await using agent = await Agent.start(daemon.env, bridge("phoenix"));
      expect(await agent.peers()).toMatchObject({ isError: false, notice: "" });
      expect(agent.instructions).not.toContain("another holder");
      agent.kill();
      await until("its end", async () => (agent.transport.pid === null ? true : undefined));
    }
    await using last = await Agent.start(daemon.env, bridge("phoenix"));
    expect(await last.peers()).toMatchObject({ isError: false, notice: "" });
  });

  test("a predecessor on another name that was killed leaves that name free too", async () => {
    await using first = await Agent.start(daemon.env, bridge("twin"));
    const second = await Agent.start(daemon.env, bridge("twin"));
    expect(second.instructions).toContain("`twin-2`");
    second.kill();
    await until("its end", async () => (second.transport.pid === null ? true : undefined));
    await using third = await Agent.start(daemon.env, bridge("twin"));
    expect(third.instructions).toContain("`twin-2`");
    expect((await first.peers()).isError).toBe(false);
  });

  test.each([
    ["a name that is no name", ["mcp", "--name", "Not A Name!"], "invalid_request"],
    ["a policy for no kind", ["mcp", "--name", "bot", "--hold", "letters"], "invalid_request"],
    [
      "a token file that is missing",
      ["--base-url", "http://127.0.0.1:9", "--token-file", "/nowhere", "mcp", "--name", "bot"],
      "invalid_request",
    ],
    [
      "an address without a token",
      ["--base-url", "http://127.0.0.1:9", "mcp", "--name", "bot"],
      "invalid_request",
    ],
  ])("%s is reported in instructions and in each call", async (_, words, code) => {
    await using agent = await Agent.start(daemon.env, words);
    const result = await agent.peers();
    expect(result).toMatchObject({ isError: true, code });
    expect(agent.instructions).toContain(result.message);
  });

  test("a daemon of another contract is reported with both versions", async () => {
    const payload = JSON.stringify({
      code: "contract_mismatch",
      message: "The client speaks contract 0.3.0, the daemon 0.9.0: upgrade the client.",
      details: [],
      retryable: false,
      request_id: "r",
    });
    const head = "HTTP/1.1 426 Upgrade Required\r\ncontent-type: application/json\r\n";
    const refusal = `${head}content-length: ${Buffer.byteLength(payload)}\r\nconnection: close\r\n\r\n${payload}`;
    const server = createServer((socket) => {
      socket.on("error", () => undefined);
      socket.once("data", () => socket.end(refusal));
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const file = join(daemon.folder, "other-token");
    writeFileSync(file, "a-token-0000000000000000", { mode: 0o600 });
    const address = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
    {
      await using agent = await Agent.start(daemon.env, [
        "--base-url",
        address,
        "--token-file",
        file,
        ...bridge("old"),
      ]);
      const result = await agent.peers();
      expect(result).toMatchObject({ isError: true, code: "contract_mismatch" });
      expect(result.message).toContain("0.9.0");
    }
    server.close();
  });

  test("a wrong token is reported, and a right one in the same file is used", async () => {
    const file = join(daemon.folder, "token");
    writeFileSync(file, "wrong-token-0000000000000000", { mode: 0o600 });
    const words = ["--base-url", daemon.address, "--token-file", file, ...bridge("tokened")];
    await using agent = await Agent.start(daemon.env, words);
    expect(await agent.peers()).toMatchObject({ isError: true, code: "unauthenticated" });
    writeFileSync(file, daemon.token);
    await agent.untilPeers("the token to be read again", ({ isError }) => !isError);
  });

  test.each([
    ["a relative HOME", { HOME: "relative", XDG_STATE_HOME: undefined, XDG_RUNTIME_DIR: undefined }],
    ["a HOME that is a file", { HOME: "/dev/null", XDG_STATE_HOME: undefined, XDG_RUNTIME_DIR: undefined }],
  ])("%s is reported, also with --start", async (_, places) => {
    for (const more of [[], ["--start"]]) {
      await using agent = await Agent.start({ ...daemon.env, ...places }, bridge("homeless", ...more));
      const result = await agent.peers();
      expect(result).toMatchObject({ isError: true, code: "daemon_unreachable" });
    }
  });
});

test("[mcp.always] a state folder that cannot be written, or whose discovery file is broken, keeps nothing from being served", async () => {
  await using daemon = await startDaemon();
  const bridges = join(daemon.folder, "state/parley/bridges");
  writeFileSync(bridges, "a file in the folder's place");
  {
    await using agent = await Agent.start(daemon.env, bridge("bot"));
    expect(await agent.peers()).toMatchObject({ isError: false, notice: "" });
  }
  writeFileSync(join(daemon.folder, "state/parley/daemon.json"), "{broken", { mode: 0o600 });
  chmodSync(join(daemon.folder, "state/parley/daemon.json"), 0o600);
  await using agent = await Agent.start(daemon.env, bridge("bot"));
  expect(agent.instructions).toContain("Call `peers`");
  expect(typeof (await agent.peers()).isError).toBe("boolean");
});

describe("[mcp.start] --start", () => {
  test("starts the daemon, also after a kill", async () => {
    await using user = new CommandPlace();
    await using agent = await Agent.start(user.env, bridge("bot", "--start"));
    await agent.untilPeers("the daemon", ({ isError }) => !isError);
    const { stdout } = await user.run(["status", "--json"]);
    process.kill((JSON.parse(stdout) as { pid: number }).pid, "SIGKILL");
    await agent.untilPeers("the daemon to be started again", ({ isError }) => !isError);
  });

  test("reports why the daemon does not start, and starts it once the config is right", async () => {
    await using user = new CommandPlace();
    mkdirSync(join(user.folder, "state"), { recursive: true });
    user.configure("nonsense = 1\n");
    await using agent = await Agent.start(user.env, bridge("bot", "--start"));
    await agent.untilPeers("the reason", ({ message }) => message.includes("nonsense"));
    expect(await agent.peers()).toMatchObject({ isError: true, code: "daemon_unreachable" });
    expect(await agent.tools()).toHaveLength(2);
    user.configure("");
    await agent.untilPeers("the daemon", ({ isError }) => !isError);
  });
});
