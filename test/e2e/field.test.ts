import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WebSocketServer } from "ws";
import { createClient, type Parley } from "../../sdks/typescript/src/index.js";
import { type RunningCli, startParley } from "../support/cli.js";
import { startDaemon, type TestDaemon } from "../support/daemon.js";
import { untilLive } from "../support/hosts.js";
import { until } from "../support/wait.js";

const sources = fileURLToPath(new URL("../../sdks/python/src", import.meta.url));
const python = process.env.PARLEY_TEST_PYTHON ?? "python3";

describe("what the field asks for, on the running daemon", () => {
  let daemon: TestDaemon;
  let echo: RunningCli;
  let client: Parley;
  const as = (session: string): Parley =>
    createClient({ baseUrl: daemon.address, token: daemon.token, session });

  beforeAll(async () => {
    daemon = await startDaemon();
    echo = startParley(daemon.env, ["agent", "echo", "--name", "echo"]);
    await untilLive(daemon, "echo");
    client = as("alice");
  });
  afterAll(async () => {
    await client?.close();
    await echo?.stop();
    await daemon?.[Symbol.asyncDispose]();
  });

  test("[field.disconnect] work goes on when the asker's connection breaks, and its answer waits for who comes back", async () => {
    const asker = as("wanderer");
    const host = as("unused").host("slow");
    let begun: (() => void) | undefined;
    const started = new Promise<void>((resolve) => {
      begun = resolve;
    });
    let goOn: (() => void) | undefined;
    const allowed = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const serving = host.serve(async (_, turn) => {
      await turn.text("one ");
      begun?.();
      await allowed;
      await turn.text("two");
      return "done";
    });
    await untilLive(daemon, "slow");
    const command = { kind: "peer_request", to: "slow", intent: "ask", params: null } as const;
    const { receipt, stream } = await asker.sendAndStream(command);
    await started;
    await stream.detach();
    await asker.close();
    goOn?.();
    const scope = {
      kind: "interaction",
      interaction_id: (receipt as { interaction_id: string }).interaction_id,
    } as const;
    const back = as("wanderer");
    const said: string[] = [];
    for await (const { event } of back.stream(scope, { afterSequence: 0 })) {
      if (event.kind === "text_delta") said.push(event.delta);
      if (event.kind === "interaction_complete") said.push(String(event.result));
    }
    expect(said.join("")).toBe("one twodone");
    await host.stop();
    await serving;
    await back.close();
  });

  test("[field.ghosts] hosts that are killed are no live peers any more, however many were", async () => {
    const names = ["ghost-1", "ghost-2", "ghost-3"];
    const ghosts = names.map((name) => startParley(daemon.env, ["agent", "echo", "--name", name]));
    for (const name of names) await untilLive(daemon, name);
    for (const { child } of ghosts) child.kill("SIGKILL");
    await Promise.all(ghosts.map(({ result }) => result));
    const states = async (): Promise<string[]> => {
      const { peers } = await client.peers();
      return names.map((name) => peers.find((peer) => peer.name === name)!.presence.state);
    };
    await until("the killed hosts to be offline", async () =>
      (await states()).every((state) => state === "offline") ? true : undefined,
    );
    expect((await client.peers()).peers.find(({ name }) => name === "echo")!.presence.state).toBe("online");
  });

  test("[field.both-wires] WebSocket and server-sent events tell the same events under the same sequences", async () => {
    const { receipt, stream } = await client.sendAndStream({
      kind: "peer_request",
      to: "echo",
      intent: "ask",
      params: { body: "both ways" },
    });
    const socket: unknown[] = [];
    for await (const { sequence, event_id, event } of stream) socket.push([sequence, event_id, event]);
    const { interaction_id } = receipt as { interaction_id: string };
    const response = await fetch(
      `${daemon.address}/comms/stream?scope=interaction&interaction_id=${interaction_id}&follow=false&after_sequence=0`,
      { headers: { authorization: `Bearer ${daemon.token}` } },
    );
    const frames = (await response.text())
      .split("\n\n")
      .filter((frame) => frame.startsWith("id: "))
      .map((frame) => JSON.parse(/^data: (.*)$/m.exec(frame)![1]!));
    expect(frames.map(({ sequence, event_id, event }) => [sequence, event_id, event])).toEqual(socket);
    expect(socket.length).toBeGreaterThanOrEqual(3);
  });

  test("[field.turn-ids] every event of a host's turn carries the id that the host minted for it", async () => {
    const ids: string[][] = [];
    for (const body of ["first words", "other words"]) {
      const { stream } = await client.sendAndStream({
        kind: "peer_request",
        to: "echo",
        intent: "ask",
        params: { body },
      });
      const turns = new Set<string>();
      for await (const { event } of stream)
        if (/^(?:turn|text|reasoning|tool)_/.test(event.kind))
          turns.add((event as { turn_id: string }).turn_id);
      ids.push([...turns]);
    }
    expect(ids.map((turns) => turns.length)).toEqual([1, 1]);
    expect(ids[0]![0]).not.toBe(ids[1]![0]);
  });

  test("[field.mcp-accepts] over MCP send returns at acceptance, and its end cancels nothing", async () => {
    const { session } = await client.sessions.open({ name: "never", ttl_ms: 3_600_000 });
    const agent = new Client({ name: "field", version: "1.0.0" });
    await agent.connect(
      new StreamableHTTPClientTransport(new URL(`${daemon.address}/mcp`), {
        requestInit: { headers: { authorization: `Bearer ${daemon.token}`, "parley-session": "mcp-agent" } },
      }) as Parameters<typeof agent.connect>[0],
    );
    const command = { kind: "peer_request", to: "never", intent: "ask", params: null };
    // Nobody ever answers: it returns all the same.
    const { structuredContent } = await agent.callTool({ name: "send", arguments: { command } });
    await agent.close();
    const { interaction_id } = structuredContent as { interaction_id: string };
    const kinds: string[] = [];
    const scope = { kind: "interaction", interaction_id } as const;
    for await (const { event } of client.stream(scope, { follow: false })) kinds.push(event.kind);
    expect(kinds).toEqual(["interaction_started"]);
    expect((await client.sessions.get({ name: session.name })).session.unread).toBe(1);
  });

  test("[field.unknown-peer] an unknown peer is 404 on REST and a typed answer everywhere, never a failure of the daemon", async () => {
    const headers = { authorization: `Bearer ${daemon.token}`, "content-type": "application/json" };
    for (const body of [
      { kind: "peer_message", to: "nobody-here", body: "hi" },
      { kind: "peer_request", to: "nobody-here", intent: "ask", params: null },
      {
        kind: "peer_response",
        to: "nobody-here",
        in_reply_to: "0199f3a0-4c40-7b22-9a33-0c4d5e6f7a8b",
        status: "completed",
        result: 1,
      },
      { kind: "input", session_id: "0199f3a0-4c40-7b22-9a33-0c4d5e6f7a8b", body: "hi" },
    ]) {
      const response = await fetch(`${daemon.address}/comms/send`, {
        method: "POST",
        headers,
        body: JSON.stringify(body),
      });
      expect(response.status, body.kind).toBe(404);
      expect(((await response.json()) as { code: string }).code).toMatch(/_not_found$/);
    }
  });
});

test("[field.early-event] both SDKs keep a stream's events that come before the answer to its opening", async () => {
  const id = "0199f3a0-4c40-7b22-9a33-0c4d5e6f7a8b";
  const scope = { kind: "interaction", interaction_id: id };
  const event = (sequence: number, event: object): object => ({
    jsonrpc: "2.0",
    method: "comms/stream_event",
    params: {
      stream_id: id,
      scope,
      sequence,
      event_id: id,
      at: "2026-01-01T00:00:00.000Z",
      interaction_id: id,
      event,
    },
  });
  const server = createServer();
  new WebSocketServer({ server }).on("connection", (socket) => {
    const say = (message: object): void => socket.send(JSON.stringify(message));
    socket.on("message", (data) => {
      const message = JSON.parse(String(data));
      if (message.method === "initialize")
        say({ jsonrpc: "2.0", id: message.id, result: { contract: "0.3.0", digest: "sha256:0" } });
      if (message.method !== "comms/stream_open") return;
      say(event(1, { kind: "text_delta", turn_id: id, delta: "early" }));
      say(event(2, { kind: "text_delta", turn_id: id, delta: "too" }));
      const snapshot = { state: "attached", first_sequence: 1, last_sequence: 3 };
      say({ jsonrpc: "2.0", id: message.id, result: { stream_id: id, scope, snapshot } });
      say(event(3, { kind: "interaction_complete", result: null }));
      say({ jsonrpc: "2.0", method: "comms/stream_closed", params: { stream_id: id, reason: "terminal" } });
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    const client = createClient({ baseUrl, token: "none" });
    const seen: (number | undefined)[] = [];
    for await (const { sequence } of client.stream({ kind: "interaction", interaction_id: id }))
      seen.push(sequence);
    expect(seen).toEqual([1, 2, 3]);
    await client.close();
    const scopeText = `{"kind": "interaction", "interaction_id": "${id}"}`;
    const programs = [
      `
from parley import Parley
with Parley(base_url="${baseUrl}", token="none") as client:
    with client.stream(scope=${scopeText}) as stream:
        print([item.sequence for item in stream])
`,
      `
import asyncio
from parley import AsyncParley
async def read():
    async with AsyncParley(base_url="${baseUrl}", token="none") as client:
        async with client.stream(scope=${scopeText}) as stream:
            print([item.sequence async for item in stream])
asyncio.run(read())
`,
    ];
    for (const program of programs) {
      const child = spawn(python, ["-c", program], {
        env: { ...process.env, PYTHONPATH: sources, PYTHONDONTWRITEBYTECODE: "1" },
        stdio: ["ignore", "pipe", "inherit"],
      });
      let output = "";
      child.stdout.setEncoding("utf8").on("data", (text) => (output += text));
      expect(await once(child, "close")).toEqual([0, null]);
      expect(output.trim()).toBe("[1, 2, 3]");
    }
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
