import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Client as StatelessClient } from "@modelcontextprotocol/client";
import { StdioClientTransport as StatelessStdio } from "@modelcontextprotocol/client/stdio";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { ResourceUpdatedNotificationSchema } from "@modelcontextprotocol/sdk/types.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Channel, channel } from "../support/channel.js";
import { localCall, startDaemon, type TestDaemon } from "../support/daemon.js";
import { untilLive } from "../support/hosts.js";

const program = fileURLToPath(new URL("../../dist/cli.cjs", import.meta.url));
const identity = { name: "an-agent", version: "1.0.0" };

/** An agent's MCP client as far as these tests need it. */
interface Agent {
  readonly updates: Channel<string>;
  resources(): Promise<string[]>;
  read(uri: string): Promise<Page>;
  watch(uri: string): Promise<() => Promise<unknown>>;
  send(command: object): Promise<unknown>;
  close(): Promise<void>;
}

interface Page {
  cursor: number;
  interactions: { kind: string; interaction_id: string; from: string; body?: string; state: string }[];
}

function bridge(daemon: TestDaemon, name: string, more: string[] = []) {
  const args = [program, ...more, "mcp", "--name", name];
  return { command: process.execPath, args, env: daemon.env as Record<string, string> };
}

const pageOf = ({ contents }: { contents: unknown[] }): Page =>
  JSON.parse((contents[0] as { text: string }).text);

async function sessionAgent(daemon: TestDaemon, name: string): Promise<Agent> {
  const client = new Client(identity);
  const updates = channel<string>();
  client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => updates.put(params.uri));
  await client.connect(new StdioClientTransport(bridge(daemon, name)));
  return {
    updates,
    resources: async () => (await client.listResources()).resources.map(({ uri }) => uri),
    read: async (uri) => pageOf(await client.readResource({ uri })),
    async watch(uri) {
      await client.subscribeResource({ uri });
      return () => client.unsubscribeResource({ uri });
    },
    send: async (command) =>
      (await client.callTool({ name: "send", arguments: { command } })).structuredContent,
    close: () => client.close(),
  };
}

async function statelessAgent(daemon: TestDaemon, name: string, more: string[] = []): Promise<Agent> {
  const client = new StatelessClient(identity, { versionNegotiation: { mode: { pin: "2026-07-28" } } });
  const updates = channel<string>();
  client.setNotificationHandler("notifications/resources/updated", ({ params }) => updates.put(params.uri));
  await client.connect(new StatelessStdio(bridge(daemon, name, more)));
  return {
    updates,
    resources: async () => (await client.listResources()).resources.map(({ uri }) => uri),
    read: async (uri) => pageOf(await client.readResource({ uri })),
    async watch(uri) {
      const listening = await client.listen({ resourceSubscriptions: [uri] });
      return () => listening.close();
    },
    send: async (command) =>
      (await client.callTool({ name: "send", arguments: { command } })).structuredContent,
    close: () => client.close(),
  };
}

describe.each([
  ["2025-11-25", sessionAgent],
  ["2026-07-28", statelessAgent],
])("[mcp.stdio-inbox] an agent behind `parley mcp`, revision %s,", (_, connect) => {
  const uri = "comms://inbox/bot";
  let daemon: TestDaemon;
  let agent: Agent;

  beforeAll(async () => {
    daemon = await startDaemon();
    agent = await connect(daemon, "bot");
  });
  afterAll(async () => {
    await agent?.close();
    await daemon?.[Symbol.asyncDispose]();
  });

  const ask = (n: number): Promise<unknown> =>
    localCall(daemon.socketPath, "POST", "/comms/send", {
      kind: "peer_request",
      to: "bot",
      intent: "ask",
      params: { n },
    });

  test("hears of a request, reads it without taking it, and is done with it by its answer", async () => {
    expect(await agent.resources()).toEqual([uri]);
    const leave = await agent.watch(uri);
    await ask(1);
    expect(await agent.updates.take()).toBe(uri);
    const { interactions } = await agent.read(uri);
    expect(interactions).toMatchObject([{ kind: "peer_request", from: "user-local", state: "waiting" }]);
    expect((await agent.read(uri)).interactions).toEqual(interactions);
    const answer = { in_reply_to: interactions[0]!.interaction_id, status: "completed", result: "done" };
    await agent.send({ kind: "peer_response", to: "user-local", ...answer });
    const { cursor, interactions: left } = await agent.read(uri);
    expect(left).toEqual([]);
    await leave();
    await ask(2);
    expect((await agent.read(`${uri}?after=${cursor}`)).interactions).toHaveLength(1);
    expect(agent.updates.waiting).toBe(0);
  });

  test("goes on hearing after the daemon was killed, also of what came before it was back", async () => {
    await agent.watch(uri);
    await daemon.stop("SIGKILL");
    const reading = agent.read(uri);
    await daemon.restart();
    await reading;
    await ask(3);
    expect(await agent.updates.take()).toBe(uri);
    await untilLive(daemon, "bot");
    expect((await agent.read(uri)).interactions).toHaveLength(2);
    // What was told once is not owed any more.
    while (agent.updates.waiting > 0) await agent.updates.take();
    await ask(4);
    expect(await agent.updates.take()).toBe(uri);
  });
});

test("[mcp.stdio-remote] a bridge to a daemon that is reached over TCP repeats in headers what its messages say", async () => {
  await using daemon = await startDaemon();
  const tokenFile = join(daemon.folder, "token");
  writeFileSync(tokenFile, daemon.token, { mode: 0o600 });
  const agent = await statelessAgent(daemon, "far", [
    "--base-url",
    daemon.address,
    "--token-file",
    tokenFile,
  ]);
  const uri = "comms://inbox/far";
  expect(await agent.resources()).toEqual([uri]);
  expect((await agent.read(uri)).interactions).toEqual([]);
  await expect(agent.read("comms://inbox/\u00fc")).rejects.toMatchObject({ code: -32602 });
  await agent.close();
});

test("[mcp.mcp-session.restart] an official client over HTTP goes on after a kill of the daemon, and hears again", async () => {
  await using daemon = await startDaemon();
  const client = new Client(identity);
  const updates = channel<string>();
  client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => updates.put(params.uri));
  const headers = { authorization: `Bearer ${daemon.token}`, "parley-session": "far" };
  const transport = new StreamableHTTPClientTransport(new URL(`${daemon.address}/mcp`), {
    requestInit: { headers },
  });
  await client.connect(transport as Parameters<typeof client.connect>[0]);
  const [uri] = (await client.listResources()).resources.map((one) => one.uri);
  await client.subscribeResource({ uri: uri! });
  await daemon.stop("SIGKILL");
  await daemon.restart();
  const message = { kind: "peer_message", to: "far", body: "while nobody heard" };
  await localCall(daemon.socketPath, "POST", "/comms/send", message);
  expect(await updates.take()).toBe(uri);
  expect(pageOf(await client.readResource({ uri: uri! })).interactions).toMatchObject([
    { body: message.body },
  ]);
  await localCall(daemon.socketPath, "POST", "/comms/send", message);
  expect(await updates.take()).toBe(uri);
  await client.close();
});
