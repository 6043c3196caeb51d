import { once } from "node:events";
import { expect, test } from "vitest";
import { WebSocket } from "ws";
import { SimulatedClock } from "../../../test/support/simulated-clock.js";
import { localPrincipal } from "../../auth/authenticator.js";
import type { Principal } from "../../kernel/context.js";
import { ContractError } from "../../kernel/contract-error.js";
import {
  aborted,
  connectRaw,
  drainParams,
  initializeHandler,
  item,
  openParams,
  openStream,
  startServer,
  streamId,
} from "./_harness.js";

const actingSession = async (_: unknown, context: { session: string }) => {
  throw new ContractError("peer_not_found", { message: context.session });
};

test("[rpc.initialize] the connection acts as the session that initialize bound", async () => {
  await using server = await startServer({ handlers: { "comms.peers": actingSession } });
  const client = await server.connect();
  expect((await client.call("comms/peers", {})).error?.message).toBe("user-local");
  const { result } = await client.call("initialize", { contract: "0.3.4", session: "planner" });
  expect(result).toMatchObject({ session: "planner" });
  expect((await client.call("comms/peers", {})).error?.message).toBe("planner");
});

test("[rpc.initialize] the upgrade's Parley-Session is the session until then", async () => {
  await using server = await startServer({ handlers: { "comms.peers": actingSession } });
  const client = await server.connect({ headers: { "Parley-Session": "builder" } });
  expect((await client.call("comms/peers", {})).error?.message).toBe("builder");
});

test("[rpc.initialize] what a client pipelines behind initialize already acts as the new session", async () => {
  const gate = Promise.withResolvers<void>();
  await using server = await startServer({
    handlers: {
      "comms.peers": actingSession,
      "system.initialize": async (request, context) => {
        await gate.promise;
        return initializeHandler(request, context);
      },
    },
  });
  const client = await server.connect();
  client.request("initialize", { session: "planner" }, "first");
  client.request("comms/peers", {}, "second");
  client.ws.ping();
  gate.resolve();
  expect(await client.next()).toMatchObject({ id: "first", result: { session: "planner" } });
  expect(await client.next()).toMatchObject({ id: "second", error: { message: "planner" } });
});

test("[rpc.initialize] what is held back behind initialize is dropped with its connection", async () => {
  const gate = Promise.withResolvers<void>();
  const started = Promise.withResolvers<void>();
  let sent = 0;
  await using server = await startServer({
    handlers: {
      "comms.peers": async () => {
        sent += 1;
        return { peers: [], generation: 1 };
      },
      "system.initialize": async (request, context) => {
        started.resolve();
        await gate.promise;
        return initializeHandler(request, context);
      },
    },
  });
  const client = await server.connect();
  client.request("initialize", {});
  client.request("comms/peers", {});
  await started.promise;
  const gone = once(server.sockets[0]!, "close");
  server.sockets[0]!.destroy();
  await Promise.all([gone, client.closed]);
  gate.resolve();
  const next = await server.connect();
  await next.call("rpc.discover");
  expect(sent).toBe(0);
});

test("[rpc.contract] another contract is told what to upgrade, however old the frame, and gets nothing else", async () => {
  await using server = await startServer({
    handlers: { "comms.peers": async () => ({ peers: [], generation: 1 }) },
  });
  const client = await server.connect();
  client.send({ id: 1, method: "initialize", params: { contract: "0.2.9", unknown: [] } });
  const mismatch = await client.next();
  expect(mismatch).toMatchObject({ id: 1, error: { code: -31030, data: { code: "contract_mismatch" } } });
  expect(mismatch.error?.message).toContain("0.2.9");
  expect(mismatch.error?.message).toContain("0.3.0");
  expect((await client.call("comms/peers", {})).error?.data.code).toBe("contract_mismatch");
  expect((await client.call("initialize", { contract: "0.3.0" })).result).toBeDefined();
  expect((await client.call("comms/peers", {})).result).toBeDefined();
});

test("[rpc.upgrade] a refused upgrade is a typed HTTP error", async () => {
  let principal: Principal | null = null;
  let origin: ContractError | undefined;
  await using server = await startServer({
    limits: { connections: 1 },
    auth: {
      admit: () => {
        if (origin !== undefined) throw origin;
      },
      authenticate: () => principal,
      unproven: () => null,
    },
  });
  expect(await server.refused()).toMatchObject({ status: 401, payload: { code: "unauthenticated" } });
  principal = localPrincipal;
  expect(await server.refused({ "Parley-Contract": "0.4.0" })).toMatchObject({
    status: 412,
    payload: { code: "contract_mismatch" },
  });
  origin = new ContractError("origin_denied");
  expect(await server.refused()).toMatchObject({ status: 403, payload: { code: "origin_denied" } });
  origin = undefined;
  const client = await server.connect();
  expect(await server.refused()).toMatchObject({ status: 429, payload: { code: "quota_exceeded" } });
  client.ws.terminate();
  await client.closed;
});

test("[rpc.upgrade] a handshake that is none is refused typed", async () => {
  await using server = await startServer();
  const socket = await connectRaw(server.url);
  const head = ["Host: localhost", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"];
  socket.write(`GET /rpc HTTP/1.1\r\n${head.join("\r\n")}\r\n\r\n`);
  const text = Buffer.concat(await socket.toArray()).toString();
  expect(text).toMatch(/^HTTP\/1\.1 400 /);
  expect(text).toContain('"code":"invalid_request"');
  expect(text).toMatch(/Parley-Contract: 0\.3\.0/);
});

test("[rpc.upgrade] the handshake tells the contract, and only our subprotocol is taken", async () => {
  await using server = await startServer();
  const client = await server.connect();
  expect(client.ws.protocol).toBe("");
  const named = new WebSocket(server.url, ["other", "parley"]);
  const [[response]] = await Promise.all([once(named, "upgrade"), once(named, "open")]);
  expect(response.headers["parley-contract"]).toBe("0.3.0");
  expect(response.headers["parley-digest"]).toMatch(/^[0-9a-f]{16}$/);
  expect(named.protocol).toBe("parley");
  expect(named.extensions).toBe("");
});

test("[rpc.frame] a frame above the limit ends the connection with 1009", async () => {
  await using server = await startServer({ limits: { frameBytes: 1000 } });
  const client = await server.connect();
  client.send("x".repeat(1001));
  expect((await client.closed).code).toBe(1009);
});

test("[rpc.frame] ill-formed UTF-8 ends the connection with 1007", async () => {
  await using server = await startServer();
  const client = await server.connect();
  client.ws.send(Buffer.from([0x22, 0xff, 0x22]), { binary: false });
  expect((await client.closed).code).toBe(1007);
});

test("[rpc.drop] a dropped connection cancels its calls, and its end is told", async () => {
  const started = Promise.withResolvers<void>();
  const cancelled = Promise.withResolvers<string>();
  const gone = Promise.withResolvers<string>();
  let connectionId = "";
  await using server = await startServer({
    onClosed: gone.resolve,
    handlers: {
      "comms.peers": async (_, context) => {
        connectionId = context.connectionId;
        started.resolve();
        await aborted(context);
        cancelled.resolve((context.signal.reason as Error).name);
        throw context.signal.reason;
      },
    },
  });
  const client = await server.connect();
  client.request("comms/peers", {});
  await started.promise;
  client.ws.terminate();
  expect(await cancelled.promise).toBe("AbortError");
  expect(await gone.promise).toBe(connectionId);
});

test("[rpc.heartbeat] a client that answers pings stays; one that falls silent is cut after two", async () => {
  const clock = new SimulatedClock();
  await using server = await startServer({ clock });
  const client = await server.connect();
  for (let beat = 0; beat < 5; beat += 1) {
    const pinged = once(client.ws, "ping");
    clock.advance(15_000);
    await pinged;
    // Whoever answers this has also answered the ping before it.
    await client.call("rpc.discover");
  }
  const silent = await server.connect({ autoPong: false });
  const socket = server.sockets.at(-1)!;
  clock.advance(15_000);
  await once(silent.ws, "ping");
  clock.advance(15_000);
  await once(silent.ws, "ping");
  expect(socket.destroyed).toBe(false);
  clock.advance(15_000);
  expect((await silent.closed).code).toBe(1006);
});

test("[rpc.revoked] ended credentials end streams and the connection with 4401", async () => {
  const ended = new AbortController();
  const principal = { ...localPrincipal, ended: ended.signal };
  await using server = await startServer({
    principal,
    handlers: {
      "comms.stream": async (_, context) =>
        openStream(
          (async function* () {
            yield item(1);
            await aborted(context);
            return { stream_id: streamId, reason: "closed" } as const;
          })(),
        ),
    },
  });
  const client = await server.connect();
  await client.call("comms/stream_open", openParams);
  expect((await client.next()).method).toBe("comms/stream_event");
  ended.abort();
  expect(await client.next()).toEqual({
    jsonrpc: "2.0",
    method: "comms/stream_closed",
    params: { stream_id: streamId, reason: "revoked" },
  });
  expect(await client.closed).toEqual({ code: 4401, reason: "unauthenticated" });
  expect((await server.connect().then((late) => late.closed)).code).toBe(4401);
});

test("[rpc.shutdown] streams close with shutdown, calls in flight finish, waits end, then 1001", async () => {
  const release = Promise.withResolvers<void>();
  const clock = new SimulatedClock();
  await using server = await startServer({
    clock,
    handlers: {
      "comms.peers": async () => {
        await release.promise;
        return { peers: [], generation: 1 };
      },
      "sessions.drain": async (_, context) => {
        await aborted(context);
        throw context.signal.reason;
      },
      "comms.stream": async (_, context) =>
        openStream(
          (async function* () {
            yield item(1);
            await aborted(context);
            return { stream_id: streamId, reason: "closed" } as const;
          })(),
        ),
    },
  });
  const client = await server.connect();
  await client.call("comms/stream_open", openParams);
  await client.next();
  client.request("comms/peers", {}, "slow");
  client.request("sessions/drain", drainParams, "waiting");
  await client.call("rpc.discover");
  const closing = server.surface.close();
  expect((await client.next()).params).toEqual({ stream_id: streamId, reason: "shutdown" });
  expect(await client.next()).toMatchObject({ id: "waiting", error: { data: { code: "shutting_down" } } });
  expect((await client.call("comms/peers", {})).error?.data.code).toBe("shutting_down");
  expect(await server.refused()).toMatchObject({ status: 503, payload: { code: "shutting_down" } });
  release.resolve();
  expect(await client.next()).toMatchObject({ id: "slow", result: { generation: 1 } });
  expect(await client.closed).toEqual({ code: 1001, reason: "shutting_down" });
  await closing;
  expect(server.surface.stats()).toEqual({ connections: 0, inFlight: 0, streams: 0 });
});

test("[rpc.shutdown] a call that does not finish, and a client that does not close, hold it up only so long", async () => {
  const clock = new SimulatedClock();
  const started = Promise.withResolvers<void>();
  await using server = await startServer({
    clock,
    handlers: {
      "comms.peers": () => {
        started.resolve();
        return new Promise(() => undefined);
      },
    },
  });
  const client = await server.connect();
  client.request("comms/peers", {});
  await started.promise;
  client.ws.pause();
  const closing = server.surface.close();
  clock.advance(5_000);
  await new Promise((resolve) => setImmediate(resolve));
  clock.advance(1_000);
  await closing;
  client.ws.resume();
  expect((await client.closed).code).toBe(1001);
});
