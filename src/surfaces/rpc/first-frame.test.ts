import { once } from "node:events";
import { expect, test } from "vitest";
import { WebSocket } from "ws";
import { SimulatedClock } from "../../../test/support/simulated-clock.js";
import { localPrincipal } from "../../auth/authenticator.js";
import { livePrincipal } from "../../auth/live-principal.js";
import type { Authenticator } from "../../kernel/authentication.js";
import { startServer, TestClient } from "./_harness.js";
import type { RpcLimits } from "./limits.js";

const key = "K".repeat(43);
const proof = JSON.stringify({ page_key: key });

/** A server to which every caller has a cookie, and none has shown its page key. */
async function startUnproven(limits: Partial<RpcLimits> = {}) {
  const clock = new SimulatedClock();
  const live = livePrincipal(localPrincipal);
  const auth: Authenticator = {
    admit: () => undefined,
    authenticate: () => null,
    unproven: () => ({
      prove: (shown) => (shown === key ? live.principal : null),
      answer: (nonce) => `to ${nonce}`,
    }),
  };
  let calls = 0;
  const server = await startServer({
    clock,
    auth,
    limits,
    handlers: {
      "comms.peers": async (_request, { principal }) => {
        calls += 1;
        return { peers: [], generation: principal?.name.length ?? 0 } as never;
      },
    },
  });
  return {
    server,
    clock,
    calls: () => calls,
    end: () => live.end(),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

test("[trust.first-frame] the first frame proves the page key, and what is pipelined behind it is answered", async () => {
  await using it = await startUnproven();
  const client = await it.server.connect();
  client.send(proof);
  client.request("comms/peers", {});
  expect(await client.next()).toMatchObject({ id: 1, result: { peers: [] } });
  expect(it.server.surface.stats().connections).toBe(1);
});

test("[trust.first-frame] large frames are taken right behind it, and small ones after it in any number", async () => {
  await using it = await startUnproven();
  const client = await it.server.connect();
  const socket = (client.ws as unknown as { _socket: { cork(): void; uncork(): void } })._socket;
  socket.cork();
  client.send(proof);
  client.send({ jsonrpc: "2.0", id: "large", method: "none", params: { text: "x".repeat(100_000) } });
  socket.uncork();
  expect(await client.next()).toMatchObject({ id: "large", error: { data: { code: "unknown_method" } } });
  for (let count = 0; count < 100; count += 1)
    expect(await client.call("comms/peers", {})).toHaveProperty("result");
});

test.each([
  ["a call", JSON.stringify({ jsonrpc: "2.0", id: 1, method: "comms/peers", params: {} })],
  ["a batch", "[]"],
  ["another key", JSON.stringify({ page_key: "x" })],
  ["a key that is no string", JSON.stringify({ page_key: [key] })],
  ["no JSON", "hello"],
  ["nothing", ""],
  ["the key in a binary frame", Buffer.from(proof)],
  ["null", "null"],
])("[trust.first-frame] %s first is answered by the end, and nothing is dispatched", async (_name, first) => {
  await using it = await startUnproven();
  const client = await it.server.connect();
  client.ws.send(first);
  client.ws.send(proof);
  client.request("comms/peers", {});
  await expect(client.next()).rejects.toThrow("closed with 4401");
  expect(it.calls()).toBe(0);
});

test("[trust.first-frame] a WebSocket that proves nothing ends after 5 seconds", async () => {
  await using it = await startUnproven();
  const client = await it.server.connect();
  it.clock.advance(4_999);
  client.ws.ping();
  await once(client.ws, "pong");
  it.clock.advance(1);
  expect((await client.closed).code).toBe(4401);
});

test("[trust.first-frame] pings do not prolong the 5 seconds", async () => {
  await using it = await startUnproven();
  const client = await it.server.connect();
  for (let second = 0; second < 5; second += 1) {
    client.ws.ping();
    await once(client.ws, "pong");
    it.clock.advance(1_000);
  }
  expect((await client.closed).code).toBe(4401);
});

test.each([
  ["in one frame", (ws: WebSocket) => ws.send("x".repeat(4_097))],
  [
    "in one frame that would prove the key",
    (ws: WebSocket) => ws.send(JSON.stringify({ page_key: key, padding: "x".repeat(5_000) })),
  ],
  [
    "in fragments",
    (ws: WebSocket) => {
      for (let count = 0; count < 9; count += 1) ws.send("x".repeat(500), { fin: false });
    },
  ],
  [
    "in pings",
    (ws: WebSocket) => {
      for (let count = 0; count < 40; count += 1) ws.ping("x".repeat(120));
    },
  ],
])("[trust.first-frame] more than 4 KiB %s ends it", async (_name, flood) => {
  await using it = await startUnproven();
  const client = await it.server.connect();
  flood(client.ws);
  await client.closed;
  expect(it.calls()).toBe(0);
  expect(it.server.surface.stats().connections).toBe(0);
});

test("[trust.first-frame] a frame that announces more than it sends is cut with its time", async () => {
  await using it = await startUnproven();
  const client = await it.server.connect();
  client.ws.send("x".repeat(1_000), { fin: false });
  client.ws.ping();
  await once(client.ws, "pong");
  it.clock.advance(5_000);
  await client.closed;
});

test("[trust.first-frame] of too many that prove nothing the oldest gives way", async () => {
  await using it = await startUnproven({ unproven: 2 });
  const [first, second, third] = [
    await it.server.connect(),
    await it.server.connect(),
    await it.server.connect(),
  ];
  expect((await first.closed).code).toBe(4401);
  for (const client of [second, third]) {
    client.send(proof);
    client.request("comms/peers", {});
    expect(await client.next()).toHaveProperty("result");
  }
});

test("[trust.first-frame] they count as connections", async () => {
  await using it = await startUnproven({ connections: 1 });
  const client = await it.server.connect();
  expect((await it.server.refused()).payload).toMatchObject({ code: "quota_exceeded" });
  client.ws.close();
  await client.closed;
  const next = new WebSocket(it.server.url);
  await once(next, "open");
  next.terminate();
});

test("[trust.first-frame] the end of the credentials ends a proven connection", async () => {
  await using it = await startUnproven();
  const client = await it.server.connect();
  client.send(proof);
  client.request("comms/peers", {});
  await client.next();
  it.end();
  expect((await client.closed).code).toBe(4401);
});

test("[trust.first-frame] those that wait end with the daemon", async () => {
  await using it = await startUnproven();
  const client = await it.server.connect();
  await it.server.surface.close();
  expect((await client.closed).code).toBe(1001);
});

test("[trust.page-proof] the daemon proves itself on the connection before the page sends its key", async () => {
  await using it = await startUnproven();
  const nonce = "N".repeat(43);
  const client = new TestClient(new WebSocket(`${it.server.url}?nonce=${nonce}`));
  expect(await client.next<unknown>()).toEqual({ proof: `to ${nonce}` });
  client.send(proof);
  client.request("comms/peers", {});
  expect(await client.next()).toHaveProperty("result");
  client.ws.terminate();
});

test("[trust.page-proof] a nonce that is none is refused typed", async () => {
  await using it = await startUnproven();
  for (const nonce of ["", "short", "x".repeat(129), "a%20b".repeat(10)]) {
    const ws = new WebSocket(`${it.server.url}?nonce=${nonce}`);
    ws.on("error", () => undefined);
    const [, response] = await once(ws, "unexpected-response");
    expect(response.statusCode, nonce).toBe(400);
    expect(JSON.parse(Buffer.concat(await response.toArray()).toString())).toMatchObject({
      code: "invalid_request",
      details: [{ field: "nonce", issue: "pattern" }],
    });
  }
});
