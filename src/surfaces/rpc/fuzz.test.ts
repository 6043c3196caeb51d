import fc from "fast-check";
import { expect, test } from "vitest";
import { type Frame, item, openStream, startServer, streamId, type TestClient } from "./_harness.js";
import { methods } from "./methods.js";

const id = fc.oneof(
  fc.string({ maxLength: 4 }),
  fc.integer({ min: 0, max: 3 }),
  fc.constant(null),
  fc.jsonValue(),
);
const method = fc.oneof(
  fc.constantFrom(...methods.keys(), "$/cancelRequest", "$/x", "rpc.discover", "__proto__", "constructor"),
  fc.string(),
);
const params = fc.oneof(
  fc.record(
    { kind: fc.string(), to: fc.string(), contract: fc.string(), id: fc.jsonValue() },
    { requiredKeys: [] },
  ),
  fc.jsonValue(),
);
const version = fc.oneof(
  { weight: 8, arbitrary: fc.constant("2.0") },
  { weight: 1, arbitrary: fc.jsonValue() },
);
const message = fc.oneof(
  { weight: 5, arbitrary: fc.record({ jsonrpc: version, id, method, params }, { requiredKeys: [] }) },
  { weight: 1, arbitrary: fc.jsonValue() },
);
const frame = fc.oneof(
  { weight: 5, arbitrary: message.map((value) => JSON.stringify(value)) },
  { weight: 2, arbitrary: fc.array(message, { maxLength: 40 }).map((value) => JSON.stringify(value)) },
  { weight: 1, arbitrary: fc.string({ unit: "binary" }) },
  {
    weight: 1,
    arbitrary: fc.integer({ min: 1, max: 5000 }).map((depth) => "[".repeat(depth) + "]".repeat(depth)),
  },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes)) },
);

/** Frames up to the answer to the last question, itself included. Others may overtake it: what is still due comes later. */
async function upTo(client: TestClient, last: string): Promise<Frame[]> {
  const frames: Frame[] = [];
  for (;;) {
    const next = await client.next();
    frames.push(...[next].flat());
    if (next.id === last) return frames;
  }
}

test("[rpc.fuzz] any frame is answered typed or passed over, and the connection still works", async () => {
  await using server = await startServer({
    handlers: {
      "comms.peers": async () => ({ peers: [], generation: 1 }),
      "comms.stream": async () =>
        openStream(
          (async function* () {
            yield item(1);
            return { stream_id: streamId, reason: "drained" } as const;
          })(),
        ),
    },
  });
  const client = await server.connect();
  let round = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(frame, { minLength: 1, maxLength: 8 }), async (frames) => {
      for (const data of frames) client.ws.send(data, { binary: typeof data !== "string" });
      const last = `end of round ${round++}`;
      client.request("initialize", { contract: "0.3.0" }, last);
      for (const answer of await upTo(client, last)) {
        expect(answer.jsonrpc).toBe("2.0");
        if (answer.method !== undefined) continue;
        expect("result" in answer).not.toBe("error" in answer);
        if (answer.error === undefined) continue;
        const { data, code, message: text } = answer.error;
        expect([Number.isInteger(code), text, data.request_id.length]).toEqual([true, data.message, 36]);
      }
    }),
    { numRuns: 300 },
  );
  client.request("comms/peers", {}, "after all");
  expect((await upTo(client, "after all")).at(-1)?.result).toBeDefined();
});

test("[rpc.fuzz] bytes that are no WebSocket frames end the connection and nothing else", async () => {
  await using server = await startServer();
  const bystander = await server.connect();
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 2, maxLength: 200 }), async (bytes) => {
      const client = await server.connect();
      const socket = server.sockets.at(-1)!;
      // An unmasked frame is always a violation of the protocol.
      (client.ws as unknown as { _socket: { write(data: Uint8Array): void } })._socket.write(
        Uint8Array.of(0x81, 0x01, ...bytes),
      );
      await client.closed;
      if (!socket.destroyed) await new Promise((resolve) => socket.once("close", resolve));
      expect((await bystander.call("rpc.discover")).result).toBeDefined();
    }),
    { numRuns: 50 },
  );
});
