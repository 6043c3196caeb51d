import { expect, onTestFinished, test } from "vitest";
import { type McpExchange, ParleyError } from "../../sdks/typescript/src/index.js";
import { McpBridge } from "./mcp-bridge.js";

const unreachable = (cause?: object): ParleyError =>
  new ParleyError({ code: "daemon_unreachable", message: "No daemon answers.", retryable: true }, cause);

test("[mcp.bridge-outage] messages wait for the daemon and are delivered in their order, each once", async () => {
  const daemon = new ScriptedDaemon();
  const { bridge, written } = start(daemon);
  daemon.away = unreachable();
  for (const id of [1, 2, 3])
    await bridge.take(call(id, "send", { command: { kind: "peer_message", body: `${id}` } }));
  await until(() => daemon.tries > 2);
  expect(written).toEqual([]);
  daemon.away = undefined;
  await bridge.close();
  expect(daemon.accepted.map(({ body }) => body)).toEqual(["1", "2", "3"]);
  expect(written.map(({ id }) => id)).toEqual([1, 2, 3]);
});

test("[mcp.bridge-outage] a send whose answer was lost is repeated under its key, the client's own or a new one", async () => {
  const daemon = new ScriptedDaemon();
  const { bridge, written } = start(daemon);
  daemon.losesAnswers = 2;
  await bridge.take(call(1, "send", { command: { kind: "peer_message", body: "once" } }));
  const options = { idempotency_key: "mine", ttl_ms: 5 };
  await bridge.take(call(2, "send", { command: { kind: "peer_message", body: "own", options } }));
  await bridge.close();
  expect(daemon.accepted.map(({ body }) => body).sort()).toEqual(["once", "own"]);
  expect(daemon.accepted.find(({ body }) => body === "own")?.options).toEqual(options);
  expect(written.map(({ id }) => id).sort()).toEqual([1, 2]);
});

test("[mcp.bridge-outage] a tool of which nothing is known is repeated only when it cannot have reached the daemon", async () => {
  const daemon = new ScriptedDaemon();
  const { bridge, written } = start(daemon);
  daemon.away = unreachable({ code: "ECONNREFUSED" });
  await bridge.take(call(1, "mount", {}));
  await until(() => daemon.tries > 1);
  daemon.away = unreachable({ code: "ECONNRESET" });
  await until(() => written.length === 1);
  expect(written[0]).toMatchObject({
    id: 1,
    result: { isError: true, structuredContent: { code: "daemon_unreachable" } },
  });
  await bridge.close();
});

test("[mcp.bridge-outage] after the patience calls fail with what to do, and at once until the daemon is back", async () => {
  const daemon = new ScriptedDaemon();
  const { bridge, written } = start(daemon, 200);
  daemon.away = unreachable();
  await bridge.take(call(1, "send", { command: { kind: "peer_message", body: "a" } }));
  await until(() => written.length === 1);
  const { isError, structuredContent } = written[0]!.result as {
    isError: boolean;
    structuredContent: { code: string; message: string };
  };
  expect([isError, structuredContent.code]).toEqual([true, "daemon_unreachable"]);
  expect(structuredContent.message).toMatch(
    /Send it again with "options": \{"idempotency_key": "[0-9a-f-]{36}"\}/,
  );
  const tries = daemon.tries;
  await bridge.take(call(2, "peers", {}));
  await until(() => written.length === 2);
  expect(daemon.tries).toBe(tries + 1);
  daemon.away = undefined;
  await bridge.take(call(3, "peers", {}));
  await bridge.close();
  expect(written[2]).toMatchObject({ id: 3, result: {} });
});

test("[mcp.bridge-outage] a daemon that is stopping, and one that ends without an answer, are away", async () => {
  const daemon = new ScriptedDaemon();
  const { bridge, written } = start(daemon);
  daemon.answers.push({ result: { isError: true, structuredContent: { code: "shutting_down" } } }, undefined);
  await bridge.take(call(1, "peers", {}));
  await bridge.close();
  expect(written).toMatchObject([{ id: 1, result: {} }]);
  expect(daemon.tries).toBe(3);
});

test("[mcp.bridge-outage] a client cancels what waits", async () => {
  const daemon = new ScriptedDaemon();
  const { bridge, written } = start(daemon);
  daemon.away = unreachable();
  for (const id of [1, 2])
    await bridge.take(call(id, "send", { command: { kind: "peer_message", body: `${id}` } }));
  await until(() => daemon.tries > 1);
  for (const requestId of [1, 2])
    await bridge.take(
      JSON.stringify({ jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId } }),
    );
  await bridge.close();
  daemon.away = undefined;
  expect(daemon.accepted).toEqual([]);
  expect(written).toEqual([]);
});

test("[mcp.bridge-outage] 8 MiB wait, and no more are taken from the client", async () => {
  const daemon = new ScriptedDaemon();
  const { bridge } = start(daemon);
  daemon.away = unreachable();
  const body = "x".repeat(1024 * 1024);
  let taken = 0;
  const taking = (async () => {
    for (let id = 1; id <= 10; id += 1) {
      await bridge.take(call(id, "send", { command: { kind: "peer_message", body: `${id}${body}` } }));
      taken += 1;
    }
  })();
  await until(() => daemon.tries > 3);
  expect(taken).toBe(7);
  daemon.away = undefined;
  await taking;
  await bridge.close();
  expect(daemon.accepted.map((one) => Number.parseInt(String(one.body), 10))).toEqual([
    1, 2, 3, 4, 5, 6, 7, 8, 9, 10,
  ]);
});

test("[mcp.bridge-outage] a bridge that was asked to end does not wait for a daemon that is away", async () => {
  const daemon = new ScriptedDaemon();
  const { bridge, written } = start(daemon);
  daemon.away = unreachable();
  await bridge.take(call(1, "peers", {}));
  await bridge.close(10);
  expect(written).toEqual([]);
});

interface Command {
  body: string;
  options?: { idempotency_key?: string };
}

/** What `/mcp` of a daemon does with calls, with one inbox that keys guard. */
class ScriptedDaemon {
  away: ParleyError | undefined;
  /** How often a call is carried out although its answer is lost. */
  losesAnswers = 0;
  /** Answers before the usual ones; undefined ends the connection without one. */
  readonly answers: (object | undefined)[] = [];
  readonly accepted: Command[] = [];
  tries = 0;

  async exchange(line: string): Promise<McpExchange> {
    this.tries += 1;
    if (this.away !== undefined) throw this.away;
    const { id, params } = JSON.parse(line) as {
      id: number;
      params: { name: string; arguments: { command: Command } };
    };
    const scripted = this.answers.length > 0;
    const answer = scripted ? this.answers.shift() : { result: {} };
    if (params.name === "send" && !scripted) this.#accept(params.arguments.command);
    if (this.losesAnswers > 0) {
      this.losesAnswers -= 1;
      throw unreachable({ code: "ECONNRESET" });
    }
    const texts = answer === undefined ? [] : [JSON.stringify({ jsonrpc: "2.0", id, ...answer })];
    return {
      sessionId: undefined,
      messages: (async function* () {
        yield* texts;
      })(),
    };
  }

  #accept(command: Command): void {
    const key = command.options?.idempotency_key;
    if (!this.accepted.some((one) => one.options?.idempotency_key === key)) this.accepted.push(command);
  }
}

function start(
  daemon: ScriptedDaemon,
  patienceMs?: number,
): { bridge: McpBridge; written: Record<string, unknown>[] } {
  const written: Record<string, unknown>[] = [];
  const bridge = new McpBridge({
    link: {
      settled: Promise.resolve(),
      fault: undefined,
      notice: () => undefined,
      exchange: (line) => daemon.exchange(line ?? ""),
    },
    write: (text) => written.push(JSON.parse(text)),
    ...(patienceMs === undefined ? {} : { patienceMs }),
  });
  onTestFinished(() => bridge.close(0));
  return { bridge, written };
}

function call(id: number, name: string, args: object): string {
  return JSON.stringify({ jsonrpc: "2.0", id, method: "tools/call", params: { name, arguments: args } });
}

async function until(done: () => boolean): Promise<void> {
  while (!done()) await new Promise((resolve) => setImmediate(resolve));
}
