import { once } from "node:events";
import { expect, test } from "vitest";
import { SimulatedClock } from "../../../test/support/simulated-clock.js";
import { ContractError } from "../../kernel/contract-error.js";
import type { StreamClosed } from "../../kernel/handlers.js";
import { aborted, type Frame, item, openParams, openStream, startServer, streamId } from "./_harness.js";

const terminal: StreamClosed = { stream_id: streamId, reason: "terminal" };

test("[rpc.stream.order] [field.early-event] the answer to the opening comes before the first event, the closing last", async () => {
  await using server = await startServer({
    handlers: {
      "comms.stream": async () =>
        openStream(
          (async function* () {
            yield item(1);
            yield item(2);
            return terminal;
          })(),
        ),
    },
  });
  const client = await server.connect();
  client.request("comms/stream_open", openParams, "open");
  expect(await client.next()).toMatchObject({
    id: "open",
    result: { stream_id: streamId, snapshot: { first_sequence: 1 } },
  });
  for (const sequence of [1, 2]) {
    expect(await client.next()).toEqual({
      jsonrpc: "2.0",
      method: "comms/stream_event",
      params: JSON.parse(item(sequence).json),
    });
  }
  expect(await client.next()).toEqual({ jsonrpc: "2.0", method: "comms/stream_closed", params: terminal });
  await client.call("rpc.discover");
  expect(server.surface.stats().streams).toBe(0);
});

test("[rpc.stream.open] a stream that cannot be opened is an error answer", async () => {
  await using server = await startServer({
    handlers: {
      "comms.stream": async () => {
        throw new ContractError("already_attached");
      },
    },
  });
  const client = await server.connect();
  expect((await client.call("comms/stream_open", openParams)).error).toMatchObject({ code: -31022 });
  expect((await client.call("comms/stream_open", {})).error).toMatchObject({ code: -32602 });
  client.notify("comms/stream_open", openParams);
  await client.call("rpc.discover");
  expect(server.surface.stats()).toEqual({ connections: 1, inFlight: 0, streams: 0 });
});

test("[rpc.stream.error] a stream that fails is closed with the error's code", async () => {
  await using server = await startServer({
    handlers: {
      "comms.stream": async () =>
        openStream(
          // biome-ignore lint/correctness/useYield: it fails before its first event
          (async function* () {
            throw new Error("secret");
          })(),
        ),
    },
  });
  const client = await server.connect();
  await client.call("comms/stream_open", openParams);
  expect((await client.next()).params).toEqual({
    stream_id: streamId,
    reason: "error",
    error_code: "internal",
  });
});

test("[rpc.stream.limit] a connection holds at most so many streams, and a closed one makes room", async () => {
  const closers: (() => void)[] = [];
  await using server = await startServer({
    limits: { streams: 2 },
    handlers: {
      "comms.stream": async () => {
        const gate = Promise.withResolvers<void>();
        closers.push(gate.resolve);
        return openStream(
          // biome-ignore lint/correctness/useYield: it has no events
          (async function* () {
            await gate.promise;
            return terminal;
          })(),
        );
      },
    },
  });
  const client = await server.connect();
  client.request("comms/stream_open", openParams, 1);
  client.request("comms/stream_open", openParams, 2);
  client.request("comms/stream_open", openParams, 3);
  const answers = [await client.next(), await client.next(), await client.next()];
  expect(answers.find(({ id }) => id === 3)?.error).toMatchObject({
    code: -31015,
    data: { code: "quota_exceeded" },
  });
  closers[0]!();
  expect((await client.next()).method).toBe("comms/stream_closed");
  expect((await client.call("comms/stream_open", openParams)).result).toBeDefined();
});

test("[rpc.stream.drop] a dropped connection ends its streams; so does cancelling the opening", async () => {
  const opening = Promise.withResolvers<void>();
  const ended: string[] = [];
  const bothEnded = Promise.withResolvers<void>();
  await using server = await startServer({
    handlers: {
      "comms.stream": async (_, context) => {
        if (ended.length === 0) await opening.promise;
        return openStream(
          (async function* () {
            yield item(1);
            await aborted(context);
            ended.push((context.signal.reason as Error).name);
            if (ended.length === 2) bothEnded.resolve();
            return { stream_id: streamId, reason: "closed" } as const;
          })(),
        );
      },
    },
  });
  const client = await server.connect();
  client.request("comms/stream_open", openParams, "cancelled");
  client.notify("$/cancelRequest", { id: "cancelled" });
  await client.call("rpc.discover");
  opening.resolve();
  expect(await client.next()).toMatchObject({ id: "cancelled", error: { code: -32800 } });
  await client.call("rpc.discover");
  expect(ended).toEqual(["ContractError"]);
  expect(server.surface.stats().streams).toBe(0);
  await client.call("comms/stream_open", openParams);
  expect((await client.next()).method).toBe("comms/stream_event");
  client.ws.terminate();
  await bothEnded.promise;
  expect(ended).toEqual(["ContractError", "AbortError"]);
});

test("[rpc.stream.backpressure] nothing is pulled ahead of a client that does not read, and nothing is lost", async () => {
  const total = 4000;
  const padding = "x".repeat(16 * 1024);
  let pulled = 0;
  let wake: () => void = () => undefined;
  await using server = await startServer({
    handlers: {
      "comms.stream": async () =>
        openStream(
          (async function* () {
            for (let sequence = 1; sequence <= total; sequence += 1) {
              pulled = sequence;
              wake();
              yield item(sequence, padding);
            }
            return terminal;
          })(),
        ),
    },
  });
  const client = await server.connect();
  await client.call("comms/stream_open", openParams);
  client.ws.pause();
  const socket = server.sockets[0]!;
  // The server's buffer passes its limit exactly when it stops pulling; turns without a pull show that it did.
  for (let quiet = 0, last = -1; quiet < 50; quiet = pulled === last ? quiet + 1 : 0) {
    last = pulled;
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
  expect(pulled).toBeLessThan(total);
  expect(socket.writableLength).toBeGreaterThan(1024 * 1024);
  expect(socket.writableLength).toBeLessThan(2 * 1024 * 1024);
  const stoppedAt = pulled;
  const moved = new Promise<void>((resolve) => {
    wake = resolve;
  });
  client.ws.resume();
  await moved;
  expect(pulled).toBeGreaterThan(stoppedAt);
  for (let sequence = 1; sequence <= total; sequence += 1) {
    expect((await client.next()).params?.sequence).toBe(sequence);
  }
  expect((await client.next()).params).toEqual(terminal);
});

test("[rpc.backpressure] a client that does not read its answers is not read either", async () => {
  const big = "x".repeat(256 * 1024);
  let handled = 0;
  await using server = await startServer({
    limits: { inFlight: 10_000 },
    handlers: {
      "comms.peers": async () => {
        handled += 1;
        return { peers: [], generation: 1, padding: big } as never;
      },
    },
  });
  const client = await server.connect();
  client.ws.pause();
  const total = 4000;
  for (let n = 0; n < total; n += 1) client.request("comms/peers", {});
  for (let quiet = 0, last = -1; quiet < 50; quiet = handled === last && handled > 0 ? quiet + 1 : 0) {
    last = handled;
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
  expect(handled).toBeLessThan(total);
  client.ws.terminate();
  await client.closed;
});

test("[rpc.heartbeat] a slow client that takes what waits for it is alive, though it answers no ping", async () => {
  const clock = new SimulatedClock();
  const padding = "x".repeat(64 * 1024);
  let beat = 0;
  await using server = await startServer({
    clock,
    handlers: {
      "comms.stream": async () =>
        openStream(
          (async function* () {
            // However much fits into the machine's buffers, there is more until the last beat.
            for (let sequence = 1; beat < 6; sequence += 1) yield item(sequence, padding);
            return terminal;
          })(),
        ),
    },
  });
  const client = await server.connect({ autoPong: false });
  await client.call("comms/stream_open", openParams);
  const socket = server.sockets[0]!;
  for (; beat < 6; beat += 1) {
    client.ws.pause();
    // Half of the most that may wait: at the very limit a chunk may still have left before the sender stopped.
    while (socket.writableLength <= 512 * 1024) await new Promise<void>((resolve) => setImmediate(resolve));
    clock.advance(15_000);
    expect(socket.destroyed).toBe(false);
    const drained = once(socket, "drain");
    client.ws.resume();
    await drained;
  }
  let frame: Frame;
  do frame = await client.next();
  while (frame.method === "comms/stream_event");
  expect(frame.params).toEqual(terminal);
});

test("[rpc.stream.fair] a long replay lets other calls in between", async () => {
  await using server = await startServer({
    handlers: {
      "comms.stream": async (_, context) =>
        openStream(
          (async function* () {
            for (let sequence = 1; !context.signal.aborted; sequence += 1) yield item(sequence);
            return { stream_id: streamId, reason: "closed" } as const;
          })(),
        ),
    },
  });
  const client = await server.connect();
  await client.call("comms/stream_open", openParams);
  const id = client.request("rpc.discover");
  let frame: Frame;
  do frame = await client.next();
  while (frame.id !== id);
  expect(frame.result).toBeDefined();
});
