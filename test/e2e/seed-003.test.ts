import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { legacyNames } from "../../codegen/gates/hard-cut.js";
import { createClient, type SendAndStreamError } from "../../sdks/typescript/src/index.js";
import { parley } from "../support/cli.js";
import { localCall, startDaemon, type TestDaemon } from "../support/daemon.js";

const sources = fileURLToPath(new URL("../../sdks/python/src", import.meta.url));
const python = process.env.PARLEY_TEST_PYTHON ?? "python3";

/** One WebSocket as a foreign client has it: answers by id, notifications in the order of their coming. */
class Socket {
  readonly #socket: WebSocket;
  readonly #frames: { id?: number; method?: string; params?: never; result?: never; error?: never }[] = [];
  #wake: (() => void) | undefined;
  #nextId = 0;

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on("message", (data: Buffer) => {
      this.#frames.push(JSON.parse(data.toString()));
      this.#wake?.();
    });
  }

  static async open(daemon: TestDaemon, session: string): Promise<{ socket: Socket; greeting: Frame }> {
    const wire = new WebSocket(`${daemon.address.replace("http", "ws")}/rpc`, {
      headers: { authorization: `Bearer ${daemon.token}` },
    });
    const socket = new Socket(wire);
    await once(wire, "open");
    const greeting = await socket.call("initialize", {
      client: { name: "seed" },
      contract: "0.3.0",
      session,
    });
    return { socket, greeting };
  }

  async call(method: string, params: unknown): Promise<Frame> {
    const id = ++this.#nextId;
    this.#socket.send(JSON.stringify({ jsonrpc: "2.0", id, method, params }));
    return this.#take((frame) => frame.id === id);
  }

  notification(method: string): Promise<Frame> {
    return this.#take((frame) => frame.method === method);
  }

  async #take(wanted: (frame: Frame) => boolean): Promise<Frame> {
    for (;;) {
      const at = this.#frames.findIndex(wanted);
      if (at !== -1) return this.#frames.splice(at, 1)[0]!;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  end(): void {
    this.#socket.terminate();
  }
}

// biome-ignore lint/suspicious/noExplicitAny: what a server answers has any shape
type Frame = Record<string, any>;

describe("the running daemon is the seed's", () => {
  let daemon: TestDaemon;
  beforeAll(async () => {
    daemon = await startDaemon();
    await localCall(daemon.socketPath, "POST", "/sessions", { name: "bob", ttl_ms: 3_600_000 });
  });
  afterAll(async () => {
    await daemon?.[Symbol.asyncDispose]();
  });

  const ask = { kind: "peer_request", to: "bob", intent: "ask", params: null, stream: "reserve_interaction" };

  test("[seed003.m7] [seed003.gate-initialize] initialize says 0.3.0 and lists comms/*, and nothing legacy answers", async () => {
    const { socket, greeting } = await Socket.open(daemon, "alice");
    expect(greeting.result.contract).toBe("0.3.0");
    const comms = greeting.result.methods.filter((name: string) => name.startsWith("comms/"));
    expect(comms).toEqual(["comms/peers", "comms/send", "comms/stream_close", "comms/stream_open"]);
    for (const name of legacyNames) {
      expect(greeting.result.methods).not.toContain(name);
      expect((await socket.call(name, {})).error.code).toBe(-32601);
    }
    socket.end();
  });

  test("[seed003.m7] [seed003.accept-stream-lifecycle] a stream_id is minted, never reused, owned by its connection, and closed once", async () => {
    const { socket: alice } = await Socket.open(daemon, "alice");
    const { socket: other } = await Socket.open(daemon, "alice");
    const ids = new Set<string>();
    for (let round = 0; round < 3; round += 1) {
      const receipt = (await alice.call("comms/send", ask)).result;
      const scope = { kind: "interaction", interaction_id: receipt.interaction_id };
      const { stream_id } = (await alice.call("comms/stream_open", { scope })).result;
      expect(stream_id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab]/);
      ids.add(stream_id);
      expect((await alice.notification("comms/stream_event")).params).toMatchObject({
        stream_id,
        scope,
        sequence: 1,
        event: { kind: "interaction_started" },
      });
      expect((await other.call("comms/stream_open", { scope })).error.data.code).toBe("already_attached");
      expect((await other.call("comms/stream_close", { stream_id })).error.data.code).toBe(
        "permission_denied",
      );
      const close = async (): Promise<unknown> =>
        (await alice.call("comms/stream_close", { stream_id })).result;
      expect(await close()).toEqual({ closed: true, already_closed: false });
      expect((await alice.notification("comms/stream_closed")).params).toEqual({
        stream_id,
        reason: "closed",
      });
      expect(await close()).toEqual({ closed: true, already_closed: true });
      expect((await alice.call("comms/stream_open", { scope })).error.data.code).toBe("not_reserved");
    }
    expect(ids.size).toBe(3);
    const unknown = { stream_id: "0199f3a0-4c40-7b22-9a33-0c4d5e6f7a8b" };
    expect((await alice.call("comms/stream_close", unknown)).error.data.code).toBe("stream_not_found");
    alice.end();
    other.end();
  });

  test("[seed003.accept-stream-lifecycle] a connection that drops closes its streams", async () => {
    const { socket: alice } = await Socket.open(daemon, "alice");
    const receipt = (await alice.call("comms/send", ask)).result;
    const scope = { kind: "interaction", interaction_id: receipt.interaction_id };
    const { stream_id } = (await alice.call("comms/stream_open", { scope })).result;
    const { socket: watcher } = await Socket.open(daemon, "alice");
    alice.end();
    // The old stream is gone as soon as its connection's end is noticed: until then another attach is refused.
    for (;;) {
      const again = await watcher.call("comms/stream_open", { scope });
      if (again.result !== undefined) {
        expect(again.result.stream_id).not.toBe(stream_id);
        break;
      }
      expect(again.error.data.code).toBe("already_attached");
    }
    expect((await watcher.call("comms/stream_close", { stream_id })).error.data.code).toBe(
      "permission_denied",
    );
    watcher.end();
  });

  test("[seed003.m10] [seed003.gate-mcp-tools] the tools are exactly send and peers, and a legacy one is none", async () => {
    const client = new Client({ name: "seed", version: "1.0.0" });
    await client.connect(
      new StreamableHTTPClientTransport(new URL(`${daemon.address}/mcp`), {
        requestInit: { headers: { authorization: `Bearer ${daemon.token}` } },
      }) as Parameters<typeof client.connect>[0],
    );
    expect((await client.listTools()).tools.map(({ name }) => name).sort()).toEqual(["peers", "send"]);
    for (const name of ["send_message", "send_request", "send_response", "list_peers"])
      await expect(client.callTool({ name, arguments: {} })).rejects.toThrow(/-32602|unknown tool/i);
    await client.close();
  });

  test("[seed003.m11] REST has /comms/send, /comms/peers and /comms/stream as SSE, and no legacy route", async () => {
    const headers = { authorization: `Bearer ${daemon.token}`, "parley-session": "alice" };
    const sent = await fetch(`${daemon.address}/comms/send`, {
      method: "POST",
      headers: { ...headers, "content-type": "application/json" },
      body: JSON.stringify(ask),
    });
    const { interaction_id } = (await sent.json()) as { interaction_id: string };
    const listed = await fetch(`${daemon.address}/comms/peers`, { headers });
    expect(((await listed.json()) as { peers: { name: string }[] }).peers.map(({ name }) => name)).toContain(
      "bob",
    );
    const leave = new AbortController();
    const stream = await fetch(
      `${daemon.address}/comms/stream?scope=interaction&interaction_id=${interaction_id}`,
      { headers, signal: leave.signal },
    );
    expect(stream.headers.get("content-type")).toContain("text/event-stream");
    const reader = stream.body!.getReader();
    let text = "";
    while (!text.includes("id: 1\n")) text += new TextDecoder().decode((await reader.read()).value);
    expect(text).toMatch(/^event: stream_opened\n/m);
    expect(text).toMatch(/^event: interaction_started$/m);
    leave.abort();
    for (const name of legacyNames)
      for (const path of [`/${name}`, `/comms/${name}`, `/sessions/bob/${name}`])
        expect((await fetch(daemon.address + path, { method: "POST", headers })).status, path).toBe(404);
  });

  describe("[seed003.m5] both SDKs tell at which stage send and stream failed", () => {
    let secret: string;
    beforeAll(async () => {
      const token = { name: "writer", scopes: ["comms:write"], sessions: [] };
      const { body } = await localCall(daemon.socketPath, "POST", "/tokens", token);
      secret = (body as { secret: string }).secret;
    });
    const unread = async (): Promise<number> => {
      const { body } = await localCall(daemon.socketPath, "GET", "/sessions/bob");
      return (body as { session: { unread: number } }).session.unread;
    };
    /** What a program in Python says of the failure: stage, code, kind of the receipt. */
    const inPython = async (to: string, isAsync: boolean): Promise<unknown> => {
      const [client, wait] = isAsync ? ["AsyncParley", "await "] : ["Parley", ""];
      const lines = [
        "import asyncio, json, sys",
        "from parley import AsyncParley, Parley, PeerRequestCommand, SendAndStreamError",
        `async def main():`,
        `    client = ${client}(base_url=sys.argv[1], token=sys.stdin.readline().strip())`,
        `    try:`,
        `        ${wait}client.send_and_stream(PeerRequestCommand(to=sys.argv[2], intent="ask", params=None))`,
        `    except SendAndStreamError as error:`,
        `        print(json.dumps([error.stage, error.code, getattr(error.receipt, "kind", None)]))`,
        `    ${wait}client.close()`,
        `asyncio.run(main())`,
      ];
      const child = spawn(python, ["-c", lines.join("\n"), daemon.address, to], {
        env: { ...daemon.env, PYTHONPATH: sources, PYTHONDONTWRITEBYTECODE: "1" },
        stdio: ["pipe", "pipe", "inherit"],
      });
      child.stdin.end(`${secret}\n`);
      let output = "";
      child.stdout.setEncoding("utf8").on("data", (text) => (output += text));
      await once(child, "close");
      return JSON.parse(output);
    };
    const inTypescript = async (to: string): Promise<unknown> => {
      const client = createClient({ baseUrl: daemon.address, token: secret });
      try {
        await client.sendAndStream({ kind: "peer_request", to, intent: "ask", params: null });
        return undefined;
      } catch (error) {
        const { stage, code, receipt } = error as SendAndStreamError;
        return [stage, code, receipt?.kind ?? null];
      } finally {
        await client.close();
      }
    };
    const ways: [string, (to: string) => Promise<unknown>][] = [
      ["TypeScript", inTypescript],
      ["synchronous Python", (to) => inPython(to, false)],
      ["asynchronous Python", (to) => inPython(to, true)],
    ];

    test.each(ways)("%s", async (_, fail) => {
      const before = await unread();
      expect(await fail("nobody-here")).toEqual(["send", "peer_not_found", null]);
      expect(await unread()).toBe(before);
      // The token may send and not read: the command is accepted, stays so, and its receipt is in hand.
      expect(await fail("bob")).toEqual(["stream_attach", "permission_denied", "peer_request_sent"]);
      expect(await unread()).toBe(before + 1);
    });
  });

  test("[seed003.accept-no-legacy] the command line knows no legacy word", async () => {
    for (const word of [
      "push",
      "push-event",
      "send-message",
      "send-request",
      "send-response",
      "list-peers",
    ]) {
      const { code, stderr } = await parley(daemon.env, [word]);
      expect(code, word).toBe(2);
      expect(stderr).toContain("unknown command");
    }
  });
});
