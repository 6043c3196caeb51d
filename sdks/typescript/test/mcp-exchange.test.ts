import { expect, test } from "vitest";
import { Deadline } from "../src/runtime/deadline.js";
import { readMcp } from "../src/runtime/mcp-exchange.js";
import type { HttpFlow } from "../src/runtime/transport.js";

const address = "http://127.0.0.1:1";
const bytes = new TextEncoder();

/** A reply of `/mcp`; an event stream gives its pieces, then waits until it is destroyed when it is `endless`. */
function reply(type: string, pieces: readonly string[], { status = 200, endless = false } = {}) {
  let destroy = (): void => {};
  const destroyed = new Promise<void>((resolve) => {
    destroy = resolve;
  });
  async function* body(): AsyncGenerator<Uint8Array> {
    for (const piece of pieces) yield bytes.encode(piece);
    if (!endless) return;
    await destroyed;
    throw new Error("aborted");
  }
  const headers: Record<string, string> = { "content-type": type, "mcp-session-id": "s1" };
  const flow: HttpFlow = { status, headers, body: body(), text: async () => pieces.join(""), destroy };
  return { flow, destroyed };
}

async function all(messages: AsyncIterable<string>): Promise<string[]> {
  const seen: string[] = [];
  for await (const message of messages) seen.push(message);
  return seen;
}

async function messagesOf(flow: HttpFlow): Promise<string[]> {
  const { messages } = await readMcp(flow, {}, address, new Deadline(undefined));
  return all(messages);
}

test("[sdk.mcp-exchange] one message, none, or those of a stream, however its bytes are cut", async () => {
  const one = await readMcp(
    reply("application/json", ['{"id":1,"result":{}}']).flow,
    {},
    address,
    new Deadline(undefined),
  );
  expect([one.sessionId, await all(one.messages)]).toEqual(["s1", ['{"id":1,"result":{}}']]);
  expect(await messagesOf(reply("application/json", [], { status: 202 }).flow)).toEqual([]);
  const pieces = ["retry: 2000\n\nevent: mes", 'sage\ndata: {"a":1}\n', '\n: hb\n\ndata: {"b":2}\n\n'];
  expect(await messagesOf(reply("text/event-stream; charset=utf-8", pieces).flow)).toEqual([
    '{"a":1}',
    '{"b":2}',
  ]);
});

test("[sdk.mcp-exchange] an error of MCP is a message; what is none is the daemon's error or somebody else's", async () => {
  const error = '{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"no"}}';
  expect(await messagesOf(reply("application/json", [error], { status: 404 }).flow)).toEqual([error]);
  const payload = '{"code":"unauthenticated","message":"no","details":[],"retryable":false,"request_id":"r"}';
  await expect(messagesOf(reply("application/json", [payload], { status: 401 }).flow)).rejects.toMatchObject({
    code: "unauthenticated",
  });
  await expect(messagesOf(reply("text/html", ["<p>"], { status: 502 }).flow)).rejects.toMatchObject({
    code: "internal",
  });
});

test("[sdk.mcp-exchange] a stream that breaks off, stays silent or is given up ends its connection", async () => {
  const silent = reply("text/event-stream", ['data: {"a":1}\n\n'], { endless: true });
  const { messages } = await readMcp(silent.flow, { idleTimeout: 1 }, address, new Deadline(undefined));
  const seen: string[] = [];
  const reading = (async () => {
    for await (const message of messages) seen.push(message);
  })();
  await expect(reading).rejects.toMatchObject({ code: "daemon_unreachable" });
  expect(seen).toEqual(['{"a":1}']);

  const stop = new AbortController();
  const given = reply("text/event-stream", [], { endless: true });
  const open = await readMcp(given.flow, { signal: stop.signal }, address, new Deadline(undefined));
  const next = open.messages[Symbol.asyncIterator]().next();
  stop.abort();
  await expect(next).rejects.toMatchObject({ code: "daemon_unreachable" });

  const left = reply("text/event-stream", ["data: 1\n\ndata: 2\n\n"], { endless: true });
  for await (const _ of (await readMcp(left.flow, {}, address, new Deadline(undefined))).messages) break;
  await left.destroyed;
});
