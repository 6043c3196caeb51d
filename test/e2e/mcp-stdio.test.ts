import { fileURLToPath } from "node:url";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type RunningCli, startParley } from "../support/cli.js";
import { localCall, startDaemon, type TestDaemon } from "../support/daemon.js";
import { untilLive } from "../support/hosts.js";
import { until } from "../support/wait.js";

const program = fileURLToPath(new URL("../../dist/cli.cjs", import.meta.url));

describe("[mcp.stdio-bridge] an agent behind `parley mcp`", () => {
  let daemon: TestDaemon;
  let echo: RunningCli;
  const client = new Client({ name: "an-agent", version: "1.0.0" });

  beforeAll(async () => {
    daemon = await startDaemon();
    echo = startParley(daemon.env, ["agent", "echo", "--name", "echo"]);
    await untilLive(daemon, "echo");
    await client.connect(
      new StdioClientTransport({
        command: process.execPath,
        args: [program, "mcp", "--name", "bot", "--description", "a test's agent"],
        env: daemon.env as Record<string, string>,
      }),
    );
  });
  afterAll(async () => {
    await client.close();
    await echo?.stop();
    await daemon?.[Symbol.asyncDispose]();
  });

  const session = async (): Promise<{ state: string; unread: number }> => {
    const { body } = await localCall(daemon.socketPath, "GET", "/sessions/bot");
    return (body as { session: { state: string; unread: number } }).session;
  };

  test("has exactly the two tools, and is the session that it names", async () => {
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name).sort()).toEqual(["peers", "send"]);
    expect((await session()).state).toBe("live");
  });

  test("sends as that session, and the answer waits in its inbox", async () => {
    const { structuredContent } = await client.callTool({ name: "peers", arguments: {} });
    expect((structuredContent as { peers: { name: string }[] }).peers.map(({ name }) => name)).toContain(
      "echo",
    );
    const sent = await client.callTool({
      name: "send",
      arguments: {
        command: { kind: "peer_request", to: "echo", intent: "ask", params: { body: "from a bot" } },
      },
    });
    expect(sent.structuredContent).toMatchObject({ kind: "peer_request_sent", stream_reserved: false });
    await until("the answer to arrive", async () => ((await session()).unread === 1 ? true : undefined));
  });

  test("[mcp.bridge-outage] delivers what it is given while the daemon is away, once, when it is back", async () => {
    await daemon.stop("SIGKILL");
    const command = { kind: "peer_request", to: "echo", intent: "ask", params: { body: "over an outage" } };
    const sending = client.callTool({ name: "send", arguments: { command } });
    const peers = client.callTool({ name: "peers", arguments: {} });
    await daemon.restart();
    expect((await peers).isError).toBeFalsy();
    expect((await sending).structuredContent).toMatchObject({
      kind: "peer_request_sent",
      delivery: { state: "delivered" },
    });
    await untilLive(daemon, "bot");
    await until("the second answer to arrive", async () =>
      (await session()).unread === 2 ? true : undefined,
    );
  });

  test("lets go of the session when it is told to end", async () => {
    const bridge = startParley(daemon.env, ["mcp", "--name", "short-lived"]);
    await untilLive(daemon, "short-lived");
    await bridge.stop();
    const { body } = await localCall(daemon.socketPath, "GET", "/sessions/short-lived");
    expect(body).toMatchObject({ session: { state: "offline" } });
  });

  test("lets go of the session when the agent's client closes it", async () => {
    await client.close();
    await until("bot to be offline", async () => ((await session()).state === "offline" ? true : undefined));
  });
});
