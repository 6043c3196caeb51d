import { expect, test } from "vitest";
import { ContractError } from "../../kernel/contract-error.js";
import { aborted, drainParams, type Frame, startServer } from "./_harness.js";

const peers = async () => ({ peers: [], generation: 7 });
const message = { kind: "peer_message", to: "echo", body: "hi" };

test("[rpc.call] a request is answered under its own id, whatever its type", async () => {
  await using server = await startServer({ handlers: { "comms.peers": peers } });
  const client = await server.connect();
  for (const id of ["a", "", 0, -1, 1.5, 9007199254740991, null]) {
    client.request("comms/peers", {}, id);
    expect(await client.next()).toEqual({ jsonrpc: "2.0", id, result: { peers: [], generation: 7 } });
  }
  client.send({ jsonrpc: "2.0", id: "no params", method: "comms/peers" });
  expect((await client.next()).result).toEqual({ peers: [], generation: 7 });
});

test("[rpc.error] a failure carries the code's number and the one error payload", async () => {
  await using server = await startServer({
    handlers: {
      "comms.peers": async () => {
        throw new ContractError("admission_dropped", { retryAfterMs: 40.2 });
      },
      "comms.send": async () => {
        throw new Error("secret cause");
      },
    },
  });
  const client = await server.connect();
  const { error } = await client.call("comms/peers", {});
  expect(error).toMatchObject({
    code: -31009,
    data: { code: "admission_dropped", retryable: true, retry_after_ms: 41 },
  });
  expect(error?.message).toBe(error?.data.message);
  const unknown = await client.call("comms/send", message);
  expect(unknown.error).toMatchObject({ code: -32603, data: { code: "internal" } });
  expect(JSON.stringify(unknown)).not.toContain("secret");
  const invalid = await client.call("comms/send", { kind: "peer_message", to: "echo" });
  expect(invalid.error).toMatchObject({ code: -32602, data: { code: "invalid_command" } });
  expect(invalid.error?.data.details).toMatchObject([{ field: "body", issue: "missing_field" }]);
  const positional = await client.call("comms/peers", []);
  expect(positional.error?.data.details).toMatchObject([{ field: "", issue: "wrong_type", got: "array" }]);
});

const malformed: [name: string, frame: unknown, id: unknown, field: string][] = [
  ["a number", 1, null, ""],
  ["null", null, null, ""],
  ["a string", "hello", null, ""],
  ["an empty object", {}, null, "jsonrpc"],
  ["no version", { id: 1, method: "comms/peers" }, 1, "jsonrpc"],
  ["another version", { jsonrpc: "1.0", id: 1, method: "comms/peers" }, 1, "jsonrpc"],
  ["no method", { jsonrpc: "2.0", id: 1 }, 1, "method"],
  ["a reply", { jsonrpc: "2.0", id: 1, result: {} }, 1, "method"],
  ["a method that is no string", { jsonrpc: "2.0", id: 1, method: {} }, 1, "method"],
  ["an object as id", { jsonrpc: "2.0", id: {}, method: "comms/peers" }, null, "id"],
  ["a boolean as id", { jsonrpc: "2.0", id: true, method: "comms/peers" }, null, "id"],
  ["null params", { jsonrpc: "2.0", id: 1, method: "comms/peers", params: null }, 1, "params"],
  ["scalar params", { jsonrpc: "2.0", id: 1, method: "comms/peers", params: 3 }, 1, "params"],
];

test.each(malformed)(
  "[rpc.invalid] %s is no request, and the details say why",
  async (_, frame, id, field) => {
    await using server = await startServer({ handlers: { "comms.peers": peers } });
    const client = await server.connect();
    client.send(JSON.stringify(frame));
    const answer = await client.next();
    expect(answer).toMatchObject({
      jsonrpc: "2.0",
      id,
      error: { code: -32600, data: { code: "invalid_rpc" } },
    });
    expect(answer.error?.data.details.map((detail) => detail.field)).toEqual([field]);
  },
);

test("[rpc.invalid] an id that would come back changed is refused", async () => {
  await using server = await startServer({ handlers: { "comms.peers": peers } });
  const client = await server.connect();
  for (const id of ["9007199254740993", "1e400"]) {
    client.send(`{"jsonrpc":"2.0","id":${id},"method":"comms/peers"}`);
    expect(await client.next()).toMatchObject({ id: null, error: { code: -32600 } });
  }
});

test("[rpc.parse] bad JSON and binary frames are answered typed, and the connection lives on", async () => {
  await using server = await startServer({ handlers: { "comms.peers": peers } });
  const client = await server.connect();
  client.send('{"jsonrpc":');
  expect(await client.next()).toMatchObject({
    id: null,
    error: { code: -32700, data: { code: "parse_error" } },
  });
  client.ws.send(Buffer.from('{"jsonrpc":"2.0","id":1,"method":"comms/peers"}'), { binary: true });
  expect(await client.next()).toMatchObject({
    id: null,
    error: { code: -32600, data: { code: "invalid_rpc" } },
  });
  expect((await client.call("comms/peers", {})).result).toBeDefined();
});

test("[rpc.method] an unknown method is told by name; unknown `$/` notifications are ignored", async () => {
  await using server = await startServer({ handlers: { "comms.peers": peers } });
  const client = await server.connect();
  const { error } = await client.call("comms/shout", {});
  expect(error).toMatchObject({ code: -32601, data: { code: "unknown_method" } });
  expect(error?.data.details).toMatchObject([{ field: "method", got: "comms/shout" }]);
  expect((await client.call("$/other", {})).error?.code).toBe(-32601);
  expect((await client.call("__proto__", {})).error?.code).toBe(-32601);
  client.notify("$/other", {});
  client.notify("no/such", {});
  expect((await client.call("comms/peers", {})).result).toBeDefined();
});

test("[rpc.notification] a notification is carried out and never answered", async () => {
  const seen: string[] = [];
  await using server = await startServer({
    handlers: {
      "comms.peers": peers,
      "comms.send": async (request) => {
        seen.push(request.kind);
        throw new ContractError("peer_not_found");
      },
    },
  });
  const client = await server.connect();
  client.notify("comms/send", message);
  expect((await client.call("comms/peers", {})).result).toBeDefined();
  expect(seen).toEqual(["peer_message"]);
});

test("[rpc.discover] a packet of questions for the document is not answered with a hundred documents", async () => {
  await using server = await startServer();
  const client = await server.connect();
  const batch = Array.from({ length: 20 }, (_, id) => ({ jsonrpc: "2.0", id, method: "rpc.discover" }));
  client.send(batch);
  const answers = await client.next<Frame[]>();
  expect(answers.filter(({ result }) => result !== undefined)).toHaveLength(1);
  expect(new Set(answers.flatMap(({ error }) => error?.data.code ?? []))).toEqual(
    new Set(["quota_exceeded"]),
  );
  expect((await client.call("rpc.discover")).result).toBeDefined();
});

test("[rpc.discover] rpc.discover returns the OpenRPC document", async () => {
  await using server = await startServer();
  const client = await server.connect();
  expect((await client.call("rpc.discover")).result).toEqual({ openrpc: "1.3.2" });
});

test("[rpc.batch] a batch is answered by one array without its notifications", async () => {
  await using server = await startServer({ handlers: { "comms.peers": peers } });
  const client = await server.connect();
  client.send([
    { jsonrpc: "2.0", id: 1, method: "comms/peers" },
    { jsonrpc: "2.0", method: "comms/peers" },
    { jsonrpc: "2.0", id: 2, method: "comms/shout" },
    5,
    { jsonrpc: "2.0", id: 3, method: "comms/stream_open", params: {} },
    { jsonrpc: "2.0", id: 4, method: "initialize", params: {} },
    { jsonrpc: "2.0", id: 5, method: "rpc.discover" },
  ]);
  const answers = await client.next<Frame[]>();
  expect(answers.map(({ id, error }) => [id, error?.code])).toEqual([
    [1, undefined],
    [2, -32601],
    [null, -32600],
    [3, -32600],
    [4, -32600],
    [5, undefined],
  ]);
});

test("[rpc.batch] a batch without requests is not answered; an empty or a too long one is one error", async () => {
  await using server = await startServer({ handlers: { "comms.peers": peers } });
  const client = await server.connect();
  client.send([{ jsonrpc: "2.0", method: "comms/peers" }]);
  client.send([]);
  expect(await client.next()).toMatchObject({ id: null, error: { code: -32600 } });
  const call = (id: number) => ({ jsonrpc: "2.0", id, method: "comms/peers" });
  client.send(Array.from({ length: 33 }, (_, id) => call(id)));
  expect(await client.next()).toMatchObject({
    id: null,
    error: { code: -32600, data: { code: "invalid_rpc" } },
  });
  client.send(Array.from({ length: 32 }, (_, id) => call(id)));
  expect(await client.next<Frame[]>()).toHaveLength(32);
});

test("[rpc.cancel] a cancelled request still answers, with -32800", async () => {
  await using server = await startServer({
    handlers: {
      "sessions.drain": async (_, context) => {
        await aborted(context);
        throw context.signal.reason;
      },
    },
  });
  const client = await server.connect();
  for (const id of ["x", 7]) {
    client.request("sessions/drain", drainParams, id);
    client.notify("$/cancelRequest", { id: String(id) === id ? 99 : "7" });
    client.notify("$/cancelRequest", { id });
    expect(await client.next()).toMatchObject({
      id,
      error: { code: -32800, data: { code: "request_cancelled" } },
    });
  }
});

test("[rpc.in_flight] ids in flight are unique, and there are at most so many", async () => {
  const gate = Promise.withResolvers<void>();
  await using server = await startServer({
    limits: { inFlight: 3 },
    handlers: {
      "comms.peers": async () => {
        await gate.promise;
        return { peers: [], generation: 1 };
      },
    },
  });
  const client = await server.connect();
  client.request("comms/peers", {}, "same");
  client.request("comms/peers", {}, "same");
  expect(await client.next()).toMatchObject({
    id: null,
    error: { code: -32600, data: { details: [{ field: "id", got: "same" }] } },
  });
  client.request("comms/peers", {}, null);
  client.request("comms/peers", {}, null);
  client.request("comms/peers", {}, "fourth");
  const refused = await client.next();
  expect(refused).toMatchObject({
    id: "fourth",
    error: { code: -31015, data: { code: "quota_exceeded", retryable: true } },
  });
  expect(refused.error?.data.retry_after_ms).toBeGreaterThan(0);
  expect(server.surface.stats()).toEqual({ connections: 1, inFlight: 3, streams: 0 });
  gate.resolve();
  const ids = [await client.next(), await client.next(), await client.next()].map(({ id }) => id);
  expect(ids).toEqual(["same", null, null]);
  client.request("comms/peers", {}, "same");
  expect((await client.next()).result).toBeDefined();
});

test("[rpc.order] calls reach their handlers in the order of their frames", async () => {
  const seen: string[] = [];
  await using server = await startServer({
    limits: { inFlight: 100 },
    handlers: {
      "comms.send": async (request) => {
        if (request.kind === "peer_message") seen.push(request.body);
        return {
          kind: "peer_message_sent",
          envelope_id: "0199f3a0-4c52-7c01-b200-1a2b0c4d5e6f",
          interaction_id: "0199f3a0-4c52-7c01-b200-1a2b0c4d5e70",
          acked: true,
          delivery: { state: "delivered", at: "2026-11-21T09:30:00.000Z", attempt: 1 },
          deduplicated: false,
        };
      },
    },
  });
  const client = await server.connect();
  for (let n = 0; n < 100; n += 1) client.request("comms/send", { ...message, body: String(n) });
  for (let n = 0; n < 100; n += 1) await client.next();
  expect(seen).toEqual(Array.from({ length: 100 }, (_, n) => String(n)));
});

test("[rpc.post] POST answers one message or a batch, never a stream", async () => {
  await using server = await startServer({ handlers: { "comms.peers": peers } });
  const one = await server.post('{"jsonrpc":"2.0","id":1,"method":"comms/peers"}');
  expect(one).toEqual({ status: 200, body: '{"jsonrpc":"2.0","id":1,"result":{"peers":[],"generation":7}}' });
  const two = await server.post(
    '[{"jsonrpc":"2.0","id":1,"method":"comms/peers"},{"jsonrpc":"2.0","id":2,"method":"initialize"}]',
  );
  expect(JSON.parse(two.body)).toMatchObject([
    { id: 1, result: {} },
    { id: 2, error: { code: -32600 } },
  ]);
  const stream = await server.post('{"jsonrpc":"2.0","id":1,"method":"comms/stream_open","params":{}}');
  expect(JSON.parse(stream.body)).toMatchObject({ id: 1, error: { code: -32600 } });
  const initialize = await server.post(
    '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"contract":"0.2.9"}}',
  );
  expect(JSON.parse(initialize.body)).toMatchObject({ id: 1, error: { code: -31030 } });
  expect(await server.post('{"jsonrpc":"2.0","method":"comms/peers"}')).toEqual({ status: 204, body: "" });
  for (const bad of ["", "{", Buffer.from([0x22, 0xff, 0x22])]) {
    expect(JSON.parse((await server.post(bad)).body)).toMatchObject({ id: null, error: { code: -32700 } });
  }
});
