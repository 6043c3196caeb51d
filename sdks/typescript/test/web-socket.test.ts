import { createServer, request as httpRequest, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";
import { Deadline } from "../src/runtime/deadline.js";
import { clientError } from "../src/runtime/errors.js";
import { FrameReader, ProtocolError } from "../src/runtime/node/frame-reader.js";
import { writeFrame } from "../src/runtime/node/frame-writer.js";
import { connectWebSocket } from "../src/runtime/node/web-socket.js";
import type { MessageSocket } from "../src/runtime/transport.js";

const sizes = [0, 1, 125, 126, 65_535, 65_536, 1_048_576];

describe("[sdk.web-socket] the WebSocket client", () => {
  test.each(sizes)("carries a message of %i bytes there and back", async (size) => {
    const server = await startServer((peer) => peer.on("message", (data) => peer.send(String(data))));
    const { socket, next } = await connect(server);
    const text = "é".repeat(size / 2) + "x".repeat(size % 2);
    socket.send(text);
    expect((await next("message")) === text).toBe(true);
  });

  test("puts fragments together, with a ping between them", async () => {
    const server = await startServer((peer) => {
      peer.send("hel", { fin: false });
      peer.ping("between");
      peer.send("lo ", { fin: false });
      peer.send("you", { fin: true });
      peer.on("pong", (data) => peer.send(`pong ${data}`));
    });
    const { next } = await connect(server);
    expect(await next("message")).toBe("hello you");
    expect(await next("message")).toBe("pong between");
  });

  test("tells the code and reason of the peer's close, and closes with its own", async () => {
    const closes: [number, string][] = [];
    const server = await startServer((peer) => {
      peer.on("close", (code, reason) => closes.push([code, String(reason)]));
      peer.on("message", () => peer.close(4401, "revoked"));
    });
    const one = await connect(server);
    one.socket.send("close");
    expect(await one.next("closed")).toEqual([4401, "revoked"]);
    const two = await connect(server);
    two.socket.close(1000, "bye");
    await two.next("closed");
    await expect
      .poll(() => closes)
      .toEqual([
        [4401, ""],
        [1000, "bye"],
      ]);
  });

  test("stops reading while it is paused", async () => {
    const blocks = 64;
    let written = 0;
    const server = await startServer((peer) => {
      for (let index = 0; index < blocks; index++) peer.send("x".repeat(1_000_000), () => written++);
    });
    const { socket, messages, next } = await connect(server);
    await next("message");
    socket.pause();
    // The kernel's buffers fill up; the server cannot get rid of the rest.
    await expect.poll(() => written).toBeGreaterThan(0);
    const received = messages.length;
    await new Promise((resolve) => setImmediate(resolve));
    expect(messages.length).toBe(received);
    expect(written).toBeLessThan(blocks);
    socket.resume();
    await expect.poll(() => messages.length, { timeout: 10_000 }).toBe(blocks - 1);
  });

  test("hands out the daemon's error when the upgrade is refused", async () => {
    const server = createServer();
    server.on("upgrade", (_, socket) => {
      const body = JSON.stringify({ code: "unauthenticated", message: "no token" });
      socket.end(`HTTP/1.1 401 Unauthorized\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
    });
    await listen(server);
    await expect(connect(server)).rejects.toMatchObject({ code: "unauthenticated", message: "no token" });
  });

  test("refuses a wrong accept key", async () => {
    const server = createServer();
    server.on("upgrade", (_, socket) => {
      socket.write(
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: x\r\n\r\n",
      );
    });
    await listen(server);
    await expect(connect(server)).rejects.toMatchObject({ code: "daemon_unreachable" });
  });

  test.each([
    ["a binary message", [0x82, 1, 0], 1003],
    ["text that is no UTF-8", [0x81, 1, 0xff], 1007],
    ["a masked frame", [0x81, 0x81, 0, 0, 0, 0, 0x61], 1002],
    ["reserved bits", [0xc1, 0], 1002],
    ["an unknown opcode", [0x83, 0], 1002],
    ["a continuation without a beginning", [0x80, 0], 1002],
    ["a message inside another", [0x01, 0, 0x81, 0], 1002],
    ["a long ping", [0x89, 126, 0, 126], 1002],
    ["a fragmented ping", [0x09, 0], 1002],
    ["a close frame of one byte", [0x88, 1, 0], 1002],
    ["a close whose reason is no UTF-8", [0x88, 3, 3, 0xe8, 0xff], 1007],
    ["a frame beyond the limit", [0x81, 127, 0, 0, 0, 1, 0, 0, 0, 0], 1009],
  ])("closes on %s", async (_, bytes, code) => {
    const server = await startServer((_peer, raw) => raw.write(Buffer.from(bytes)));
    const { next } = await connect(server);
    expect(((await next("closed")) as [number])[0]).toBe(code);
  });

  // RFC 6455, 7.4: kept from the wire, not assigned, or no code at all.
  test.each([0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535])(
    "[sdk.close-codes] fails with 1002 on the close code %i, and answers with it",
    async (code) => {
      const answered = Promise.withResolvers<Buffer>();
      const server = await startServer((_peer, raw) => {
        raw.removeAllListeners("data");
        raw.on("data", (bytes) => answered.resolve(bytes));
        raw.write(Buffer.of(0x88, 4, code >> 8, code & 0xff, 0x6e, 0x6f));
      });
      const { next } = await connect(server);
      expect(await next("closed")).toEqual([1002, `the close code ${code} is not allowed`]);
      expect(sentClose(await answered.promise)).toMatchObject({ code: 1002 });
    },
  );

  test("[sdk.close-codes] a forbidden code is none as the answer to a close either", async () => {
    const server = await startServer((_peer, raw) => {
      raw.removeAllListeners("data");
      raw.on("data", () => raw.end(Buffer.of(0x88, 2, 1005 >> 8, 1005 & 0xff)));
    });
    const { socket, next } = await connect(server);
    socket.close(1000, "done");
    expect(await next("closed")).toEqual([1002, "the close code 1005 is not allowed"]);
  });

  test.each([1000, 1001, 1003, 1007, 1011, 1012, 1014, 3000, 4000, 4999])(
    "[sdk.close-codes] takes the close code %i, and answers with it",
    async (code) => {
      const answered = Promise.withResolvers<Buffer>();
      const server = await startServer((_peer, raw) => {
        raw.removeAllListeners("data");
        raw.on("data", (bytes) => answered.resolve(bytes));
        raw.write(Buffer.of(0x88, 4, code >> 8, code & 0xff, 0x6e, 0x6f));
      });
      const { next } = await connect(server);
      expect(await next("closed")).toEqual([code, "no"]);
      expect(sentClose(await answered.promise)).toEqual({ code, reason: "" });
    },
  );

  test("a close without a code is 1005, and is answered without one", async () => {
    const closes: unknown[] = [];
    const server = await startServer((peer) => {
      peer.on("close", (code) => closes.push(code));
      peer.close();
    });
    const { next } = await connect(server);
    expect(await next("closed")).toEqual([1005, ""]);
    await expect.poll(() => closes).toEqual([1005]);
  });

  test("a long reason of a close is cut between characters", async () => {
    const reasons: string[] = [];
    const server = await startServer((peer) => peer.on("close", (_, reason) => reasons.push(String(reason))));
    const { socket, next } = await connect(server);
    socket.close(4000, "😀".repeat(60));
    await next("closed");
    await expect.poll(() => reasons).toEqual(["😀".repeat(30)]);
  });

  test("says 1006 when the connection breaks", async () => {
    const server = await startServer((_peer, raw) => raw.destroy());
    const { next } = await connect(server);
    expect(await next("closed")).toEqual([1006, ""]);
  });
});

describe("[sdk.web-socket] frames", () => {
  test("are read whole however the bytes are cut", () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.nat(200), fc.integer({ min: 65_500, max: 65_600 })), { maxLength: 4 }),
        fc.array(fc.nat(300), { maxLength: 50 }),
        (lengths, cuts) => {
          const payloads = lengths.map((length, index) => Buffer.alloc(length, index + 97));
          const bytes = Buffer.concat(payloads.map(serverFrame));
          const reader = new FrameReader(1_000_000);
          const seen: Buffer[] = [];
          let at = 0;
          for (const size of [...cuts, bytes.length]) {
            reader.push(bytes.subarray(at, at + size));
            at += size;
            for (let frame = reader.next(); frame !== undefined; frame = reader.next())
              seen.push(Buffer.from(frame.payload));
          }
          expect(seen).toEqual(payloads);
        },
      ),
    );
  });

  test("of a client are masked with changing keys", () => {
    const keys = new Set<string>();
    for (let index = 0; index < 2000; index++) {
      const frame = writeFrame(1, Buffer.from("abc"));
      expect(frame[1]! & 0x80).toBe(0x80);
      const key = frame.subarray(2, 6);
      keys.add(key.toString("hex"));
      expect(Buffer.from(frame.subarray(6).map((byte, at) => byte ^ key[at]!)).toString()).toBe("abc");
    }
    expect(keys.size).toBeGreaterThan(1990);
  });

  test("that break the protocol name the code", () => {
    const reader = new FrameReader(10);
    reader.push(Buffer.of(0x81, 11));
    expect(() => reader.next()).toThrow(ProtocolError);
  });
});

/** Code and reason of a client's close frame. */
function sentClose(frame: Buffer): { code: number; reason: string } {
  expect(frame[0]).toBe(0x88);
  const key = frame.subarray(2, 6);
  const payload = Buffer.from(
    frame.subarray(6, 6 + (frame[1]! & 0x7f)).map((byte, at) => byte ^ key[at & 3]!),
  );
  return { code: payload.readUInt16BE(0), reason: payload.toString("utf8", 2) };
}

function serverFrame(payload: Buffer): Buffer {
  const { length } = payload;
  if (length < 126) return Buffer.concat([Buffer.of(0x81, length), payload]);
  const head = Buffer.of(0x81, 126, 0, 0);
  if (length < 65_536) {
    head.writeUInt16BE(length, 2);
    return Buffer.concat([head, payload]);
  }
  const long = Buffer.alloc(10);
  long[0] = 0x81;
  long[1] = 127;
  long.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([long, payload]);
}

async function startServer(onPeer: (peer: WebSocket, raw: Socket) => void): Promise<Server> {
  const server = createServer();
  const peers = new WebSocketServer({ server });
  peers.on("connection", (peer, request) => {
    peer.on("error", () => {});
    onPeer(peer, request.socket);
  });
  await listen(server);
  return server;
}

async function listen(server: Server): Promise<void> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
}

interface Connected {
  socket: MessageSocket;
  /** Messages that nobody asked for yet. */
  messages: string[];
  next(kind: "message" | "closed"): Promise<unknown>;
}

async function connect(server: Server): Promise<Connected> {
  const { port } = server.address() as AddressInfo;
  const messages: string[] = [];
  let closed: [number, string] | undefined;
  let wake = (): void => {};
  const deadline = new Deadline(5_000);
  const socket = await connectWebSocket(
    (headers) => httpRequest({ host: "127.0.0.1", port, path: "/rpc", agent: false, headers }),
    {
      message: (text) => {
        messages.push(text);
        wake();
      },
      activity: () => {},
      closed: (code, reason) => {
        closed = [code, reason];
        wake();
      },
    },
    deadline,
    (error) => clientError("daemon_unreachable", error.message, error),
  ).finally(() => deadline.done());
  const next = async (kind: "message" | "closed"): Promise<unknown> => {
    for (;;) {
      const found = kind === "closed" ? closed : messages.shift();
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  return { socket, messages, next };
}
