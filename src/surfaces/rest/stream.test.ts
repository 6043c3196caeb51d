import { once } from "node:events";
import { createServer, get, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, test } from "vitest";
import { SimulatedClock } from "../../../test/support/simulated-clock.js";
import { systemClock } from "../../kernel/clock.js";
import { Call, type CallContext } from "../../kernel/context.js";
import { ContractError } from "../../kernel/contract-error.js";
import type { OpenStream, StreamClosed, StreamItem } from "../../kernel/handlers.js";
import { systemIds } from "../../kernel/ids.js";
import { silentLogger } from "../../kernel/logger.js";
import { startRest } from "./_fixture.js";
import { streamEvents } from "./stream.js";

const id = "0199f3a0-4c3e-7a10-8f11-6a1d2c3b4e5f";
const scope = { kind: "session", session_id: id };
const opened = { stream_id: id, scope, snapshot: { state: "live", first_sequence: 1, last_sequence: 3 } };
const path = `/comms/stream?scope=session&session_id=${id}`;

type Events = AsyncGenerator<StreamItem, StreamClosed, void>;

const openStream = (events: Events): OpenStream => ({ opened, events }) as unknown as OpenStream;

function item(sequence: number | undefined, padding = 0): StreamItem {
  const json = JSON.stringify({
    stream_id: id,
    sequence,
    event: { kind: "text_delta", text: "x".repeat(padding) },
  });
  return { sequence, kind: "text_delta", json };
}

async function* threeEvents(): Events {
  yield item(undefined);
  yield item(1);
  yield item(2);
  return { stream_id: id, reason: "drained" };
}

interface Frame {
  id?: string;
  event?: string;
  data?: string;
  retry?: string;
  comment?: string;
}

function frames(text: string): Frame[] {
  expect(text.endsWith("\n\n")).toBe(true);
  return text
    .slice(0, -2)
    .split("\n\n")
    .map((block) =>
      Object.fromEntries(
        block.split("\n").map((line) => {
          const at = line.indexOf(":");
          return [line.slice(0, at) || "comment", line.slice(at + 1).trimStart()];
        }),
      ),
    );
}

describe("server-sent events", () => {
  test("[rest.sse] the opening, each event with its sequence, the closing", async () => {
    await using it = await startRest({ handlers: { "comms.stream": async () => openStream(threeEvents()) } });
    const { status, headers, text } = await it.send("GET", path);
    expect(status).toBe(200);
    expect(headers).toMatchObject({
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-store, no-transform",
      "parley-contract": "0.3.0",
    });
    expect(frames(text)).toEqual([
      { retry: "2000", event: "stream_opened", data: JSON.stringify(opened) },
      { event: "text_delta", data: item(undefined).json },
      { id: "1", event: "text_delta", data: item(1).json },
      { id: "2", event: "text_delta", data: item(2).json },
      { event: "stream_closed", data: JSON.stringify({ stream_id: id, reason: "drained" }) },
    ]);
  });

  test.each([
    ["nothing", path, {}, { scope, follow: true }],
    ["a cursor", `${path}&after_sequence=5`, {}, { scope, follow: true, after_sequence: 5 }],
    [
      "the browser's cursor wins",
      `${path}&after_sequence=5`,
      { "last-event-id": "9" },
      { scope, follow: true, after_sequence: 9 },
    ],
    [
      "no cursor in the browser's header",
      `${path}&after_sequence=5`,
      { "last-event-id": "" },
      { scope, follow: true, after_sequence: 5 },
    ],
    [
      "JSON is a bounded read",
      `${path}&follow=true`,
      { accept: "application/json" },
      { scope, follow: false },
    ],
    ["events beat JSON", path, { accept: "application/json, text/event-stream" }, { scope, follow: true }],
  ])("[rest.sse-resume] the request with %s", async (_name, url, headers, expected) => {
    let asked: unknown;
    await using it = await startRest({
      handlers: {
        "comms.stream": async (request: unknown) => {
          asked = request;
          return openStream(threeEvents());
        },
      },
    });
    await it.send("GET", url, { headers });
    expect(asked).toEqual(expected);
  });

  test.each([
    ["a cursor that is none", `${path}&after_sequence=first`, {}, 400, "invalid_request"],
    ["a browser's cursor that is none", path, { "last-event-id": "first" }, 400, "invalid_request"],
    ["a scope that is none", "/comms/stream?scope=galaxy", {}, 400, "invalid_request"],
    ["another variant's field", `${path}&interaction_id=${id}`, {}, 400, "invalid_request"],
    ["no credentials", path, { authorization: undefined }, 401, "unauthenticated"],
    ["the handler's refusal", path, {}, 409, "already_attached"],
  ])("[rest.sse-errors] %s is an ordinary answer", async (_name, url, headers, status, code) => {
    await using it = await startRest({
      handlers: { "comms.stream": () => Promise.reject(new ContractError("already_attached")) },
    });
    const answer = await it.send("GET", url, { headers });
    expect({ status: answer.status, code: answer.json?.code }).toEqual({ status, code });
  });

  test("[rest.sse-errors] a failure below is the closing's reason, its cause stays in the log", async () => {
    async function* failing(): Events {
      yield item(1);
      throw new Error("a secret cause");
    }
    await using it = await startRest({ handlers: { "comms.stream": async () => openStream(failing()) } });
    const { text } = await it.send("GET", path);
    expect(frames(text).at(-1)).toEqual({
      event: "stream_closed",
      data: JSON.stringify({ stream_id: id, reason: "error", error_code: "internal" }),
    });
    expect(text).not.toContain("secret");
    expect(it.logged).toHaveLength(1);
  });

  test("[rest.sse-cancel] a client that goes away ends the stream's call and its generator", async () => {
    const ended = Promise.withResolvers<void>();
    async function* endless(context: CallContext): Events {
      try {
        yield item(1);
        await new Promise((resolve) => context.signal.addEventListener("abort", resolve, { once: true }));
        return { stream_id: id, reason: "closed" };
      } finally {
        ended.resolve();
      }
    }
    await using it = await startRest({
      handlers: {
        "comms.stream": async (_request: unknown, context: CallContext) => openStream(endless(context)),
      },
    });
    const response = await it.open("GET", path);
    await once(response, "data");
    response.destroy();
    await ended.promise;
  });

  test("[rest.sse-revoke] credentials that end close their streams and say so", async () => {
    const pulling = Promise.withResolvers<void>();
    async function* silent(context: CallContext): Events {
      pulling.resolve();
      await new Promise((resolve) => context.signal.addEventListener("abort", resolve, { once: true }));
      return { stream_id: id, reason: "closed" };
    }
    await using it = await startRest({
      handlers: {
        "comms.stream": async (_request: unknown, context: CallContext) => {
          return openStream(silent(context));
        },
      },
    });
    const answer = it.send("GET", path);
    await pulling.promise;
    it.end("all");
    expect(frames((await answer).text).at(-1)).toEqual({
      event: "stream_closed",
      data: JSON.stringify({ stream_id: id, reason: "revoked" }),
    });
  });

  test("[rest.sse-heartbeat] silence is filled with comments every ten seconds", async () => {
    const clock = new SimulatedClock();
    async function* silent(context: CallContext): Events {
      await new Promise((resolve) => context.signal.addEventListener("abort", resolve, { once: true }));
      return { stream_id: id, reason: "closed" };
    }
    await using it = await startRest({
      clock,
      handlers: {
        "comms.stream": async (_request: unknown, context: CallContext) => openStream(silent(context)),
      },
    });
    const response = await it.open("GET", path);
    let text = "";
    response.on("data", (chunk: Buffer) => {
      text += chunk;
    });
    await expect.poll(() => text).toContain("stream_opened");
    clock.advance(9_999);
    clock.advance(1);
    await expect.poll(() => text.match(/: hb\n\n/g)?.length).toBe(1);
    clock.advance(10_000);
    await expect.poll(() => text.match(/: hb\n\n/g)?.length).toBe(2);
    response.destroy();
  });
});

test("[rest.stream-json] a bounded read as one document", async () => {
  await using it = await startRest({ handlers: { "comms.stream": async () => openStream(threeEvents()) } });
  const { status, json } = await it.send("GET", path, { headers: { accept: "application/json" } });
  expect(status).toBe(200);
  expect(json).toEqual({
    ...opened,
    events: [undefined, 1, 2].map((sequence) => JSON.parse(item(sequence).json)),
  });
});

test("[rest.stream-json] a list that broke in the middle does not look whole", async () => {
  async function* failing(): Events {
    yield item(1);
    throw new ContractError("storage_unavailable");
  }
  await using it = await startRest({ handlers: { "comms.stream": async () => openStream(failing()) } });
  await expect(it.send("GET", path, { headers: { accept: "application/json" } })).rejects.toThrow();
});

test("[rest.sse-backpressure] a client that does not read stops the reading of the log, and misses nothing", async () => {
  const eventBytes = 16 * 1024;
  const total = 1_500;
  let pulled = 0;
  async function* supply(): Events {
    for (let sequence = 1; sequence <= total; sequence += 1) {
      pulled = sequence;
      yield item(sequence, eventBytes);
    }
    return { stream_id: id, reason: "drained" };
  }
  let response: ServerResponse | undefined;
  const ambient = { clock: systemClock, ids: systemIds(systemClock), log: silentLogger };
  const server = createServer((_request, answer) => {
    response = answer;
    void streamEvents(openStream(supply()), answer, new Call(ambient, { surface: "rest", principal: null }));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const incoming = await new Promise<IncomingMessage>((resolve) =>
    get({ port: (server.address() as AddressInfo).port, host: "127.0.0.1" }, resolve),
  );
  incoming.pause();
  // The system's socket buffers fill first; then what waits in the process reaches its limit.
  await expect.poll(() => response!.writableLength, { timeout: 10_000 }).toBeGreaterThan(128 * 1024);
  const stoppedAt = pulled;
  expect(stoppedAt).toBeLessThan(total);
  expect(response!.writableLength).toBeLessThan(128 * 1024 + 3 * 64 * 1024);
  await new Promise((resolve) => setImmediate(resolve));
  expect(pulled).toBe(stoppedAt);
  const seen: number[] = [];
  let text = "";
  for await (const chunk of incoming.setEncoding("utf8")) {
    text += chunk;
    for (;;) {
      const end = text.indexOf("\n\n");
      if (end === -1) {
        break;
      }
      const sequence = /^id: (\d+)$/m.exec(text.slice(0, end))?.[1];
      if (sequence !== undefined) {
        seen.push(Number(sequence));
      }
      text = text.slice(end + 2);
    }
  }
  expect(seen).toEqual(Array.from({ length: total }, (_, index) => index + 1));
  server.close();
  await once(server, "close");
}, 30_000);
