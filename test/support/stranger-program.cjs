// A program of another user: it listens where clients could look for their daemon, answers like a daemon that accepts
// everything, and keeps all that it receives. Plain JavaScript without imports of ours, because it runs from a copy.
const { createHash } = require("node:crypto");
const { chmodSync } = require("node:fs");
const { createServer } = require("node:net");

const id = "0199f3a0-4c3e-7a10-8f11-6a1d2c3b4e5f";
const at = "2026-11-21T09:30:00.000Z";
const receipt = {
  kind: "peer_message_sent",
  envelope_id: id,
  interaction_id: id,
  acked: true,
  delivery: { state: "delivered", at, attempt: 1 },
  deduplicated: false,
};
const session = {
  session_id: id,
  name: "reviewer",
  principal: "local",
  state: "live",
  created_at: at,
  unread: 0,
  last_sequence: 0,
};
/** Fields of every answer that a client could expect, in one object. */
const anything = {
  ...receipt,
  session,
  sessions: [session],
  peers: [],
  generation: 1,
  status: "ok",
  version: "0.3.0",
  contract: "0.3.0",
  digest: "0",
  lease_token: id,
  fence: 1,
  stream_id: id,
  pid: process.pid,
  address: "http://127.0.0.1:7433",
  started_at: at,
};

let received = "";
let connections = 0;

const server = (label) =>
  createServer((socket) => {
    connections += 1;
    received += `\n[connection to ${label}]\n`;
    socket.on("error", () => undefined);
    let bytes = Buffer.alloc(0);
    let isSocket = false;
    socket.on("data", (chunk) => {
      bytes = Buffer.concat([bytes, chunk]);
      if (!isSocket) {
        const end = bytes.indexOf("\r\n\r\n");
        received += chunk.toString("latin1");
        if (end === -1) return;
        const head = bytes.toString("latin1", 0, end);
        const key = /^sec-websocket-key: *(.+)$/im.exec(head)?.[1];
        if (key === undefined) return answer(socket, head, bytes.subarray(end + 4));
        isSocket = true;
        bytes = bytes.subarray(end + 4);
        accept(socket, key.trim());
      }
      for (let frame = take(); frame !== undefined; frame = take()) {
        received += frame;
        reply(socket, frame);
      }
    });

    /** The text of the next frame; frames of a client are masked. */
    const take = () => {
      if (bytes.length < 2) return undefined;
      let length = bytes[1] & 0x7f;
      let start = 2;
      if (length === 126) [length, start] = [bytes.length < 4 ? Infinity : bytes.readUInt16BE(2), 4];
      else if (length === 127)
        [length, start] = [bytes.length < 10 ? Infinity : Number(bytes.readBigUInt64BE(2)), 10];
      if (bytes.length < start + 4 + length) return undefined;
      const mask = bytes.subarray(start, start + 4);
      const payload = bytes
        .subarray(start + 4, start + 4 + length)
        .map((byte, index) => byte ^ mask[index % 4]);
      bytes = bytes.subarray(start + 4 + length);
      return Buffer.from(payload).toString("utf8");
    };
  });

function accept(socket, key) {
  const hash = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: ${hash}\r\n\r\n`,
  );
}

function answer(socket, head, body) {
  const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
  if (body.length < length) return;
  const isRpc = /^POST \/rpc/.test(head);
  const text = JSON.stringify(isRpc ? { jsonrpc: "2.0", id: 1, result: anything } : anything);
  socket.end(
    `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nparley-contract: 0.3.0\r\nconnection: close\r\ncontent-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
  );
}

function reply(socket, frame) {
  const call = parse(frame);
  if (call === undefined || call.id === undefined) return;
  const text = Buffer.from(JSON.stringify({ jsonrpc: "2.0", id: call.id, result: anything }));
  const head = Buffer.from([0x81, 126, text.length >> 8, text.length & 0xff]);
  socket.write(Buffer.concat([head, text]));
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const handlers = {
  port: ({ port }) => listen({ host: "127.0.0.1", port }, `port ${port}`),
  path: async ({ path, mode }) => {
    const found = await listen({ path }, path);
    if (found !== undefined) chmodSync(path, mode);
    return found;
  },
  drain: async () => {
    const found = { received, connections };
    received = "";
    connections = 0;
    return found;
  },
};

/** The port or path that it listens on; undefined when that is not possible. */
function listen(place, label) {
  return new Promise((resolve) => {
    const listener = server(label);
    listener.once("error", () => resolve(undefined));
    listener.listen(place, () => {
      const address = listener.address();
      resolve(typeof address === "string" ? address : address.port);
    });
  });
}

process.on("message", async (request) => {
  const handler = Object.keys(handlers).find((name) => name in request);
  process.send({ value: await handlers[handler](request) });
});
process.on("disconnect", () => process.exit());
process.send({ value: "ready" });
