import { rawRoutes } from "../../../src/generated/raw.js";
import { restRoutes } from "../../../src/generated/rest.js";
import { http, RawClient } from "../abuse/raw-client.js";
import type { Seeded } from "../kit/seeded.js";
import { flawOfReply } from "./json-rpc-answer.js";
import { keptHeads } from "./kept.js";

const atOnce = 8;

const methods = ["GET", "POST", "DELETE", "PUT", "PATCH", "HEAD", "OPTIONS", "TRACE", "get", "QUERY", ""];
const parts = [
  ...[
    "x",
    "a-one0",
    "%00",
    "%2e%2e",
    "..",
    "%2F",
    "%5C",
    "%ff",
    "%C0%AF",
    "%",
    "%zz",
    "%ED%A0%80",
    ";",
    "é",
    "+",
  ],
  ...[
    "__proto__",
    "constructor",
    "a".repeat(200),
    "%F0%9F%92%A9",
    "x%0d%0aSet-Cookie:%20a=b",
    "*",
    ":name",
    "'\"<>",
  ],
];
const queries = [
  ...[
    "",
    "",
    "?",
    "?x=1",
    "?scope=session",
    "?scope=session&session_id=x",
    "?scope=__proto__",
    "?__proto__=1",
  ],
  ...[
    "?a=%",
    "?a=%ff",
    "?after_sequence=1e3&after_sequence=2",
    "?follow=yes",
    "?&&&=&",
    "?scope[kind]=session",
  ],
  `?${"a=1&".repeat(300)}`,
];
const hostile = [
  ...[
    "",
    " ",
    "x",
    "0",
    "-1",
    "1",
    "99999999999999999999",
    "null",
    "*",
    "*/*;q=x",
    "é",
    "\u0000",
    "\u007f",
    "a, b",
  ],
  ...[
    "a".repeat(4_000),
    "Bearer",
    "Bearer ",
    "Basic eDp5",
    "chunked",
    "gzip",
    "application/json;charset=utf-16",
  ],
  ...[
    "text/plain",
    "application/json",
    "http://127.0.0.1",
    "null",
    "0.3.0",
    "9.9.9",
    "websocket",
    "close",
    "upgrade",
  ],
];
const names = [
  ...[
    "Host",
    "Origin",
    "Authorization",
    "Content-Type",
    "Content-Length",
    "Transfer-Encoding",
    "Accept",
    "Cookie",
  ],
  ...[
    "Connection",
    "Upgrade",
    "Expect",
    "Parley-Contract",
    "Parley-Session",
    "Parley-Page-Key",
    "Idempotency-Key",
    "Last-Event-ID",
  ],
  ...["Traceparent", "Content-Encoding", "Sec-WebSocket-Key", "Sec-WebSocket-Version", "Sec-Fetch-Site"],
  ...[
    "MCP-Protocol-Version",
    "Mcp-Method",
    "X Y",
    "",
    "__proto__",
    "Range",
    "If-None-Match",
    "Trailer",
    "TE",
  ],
];

/** Connections with bytes that are nearly requests, the kept ones first; tells what was answered untyped, or not at all. */
export async function fuzzHeads(
  port: number,
  token: string,
  random: Seeded,
  count: number,
): Promise<string[]> {
  const broken: string[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) {
      const n = next++;
      // Of its own seed, whoever comes to it first.
      const kept = keptHeads[n]?.replace("{{token}}", token);
      const bytes = kept === undefined ? requestBytes(token, random.fork(n)) : Buffer.from(kept, "latin1");
      const flaw = await tryBytes(port, bytes, random.fork(n).fork(1));
      if (flaw !== undefined)
        broken.push(`head ${n}: ${flaw}; ${JSON.stringify(bytes.toString("latin1").slice(0, 1_500))}`);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return broken;
}

/** A request out of the tables of routes, with anything in it changed. */
function requestBytes(token: string, random: Seeded): Buffer {
  const route = random.chance(0.7) ? random.pick(restRoutes) : random.pick(rawRoutes);
  const path = route.path.replaceAll(/:[a-z_]+/g, () => random.pick(parts));
  const method = random.chance(0.6)
    ? "method" in route
      ? route.method
      : route.methods[0]!
    : random.pick(methods);
  const tail = random.chance(0.2) ? `/${random.pick(parts)}` : "";
  const target = random.chance(0.03) ? random.pick(["*", "http://x/status", "status", "//x/"]) : path + tail;
  const headers: [string, string][] = [];
  if (random.chance(0.85)) headers.push(["Authorization", `Bearer ${token}`]);
  if (random.chance(0.6)) headers.push(["Content-Type", "application/json"]);
  for (let more = random.pick([0, 0, 1, 2, 3]); more > 0; more -= 1)
    headers.push([random.pick(names), random.pick(hostile)]);
  const body = random.chance(0.6)
    ? random.pick([
        "{}",
        "[]",
        "null",
        '{"name":"x"}',
        '{"kind":"peer_message","to":"x","body":"y"}',
        "{",
        "\u00ff",
      ])
    : undefined;
  const whole = http(method, target + random.pick(queries), headers, body);
  return random.chance(0.4) ? damaged(whole, random) : whole;
}

function damaged(bytes: Buffer, random: Seeded): Buffer {
  let made = bytes;
  for (let n = random.between(1, 3); n > 0; n -= 1) {
    const at = random.between(0, made.length);
    const before = made.subarray(0, at);
    const after = made.subarray(at);
    const insert = Buffer.from(
      random.pick(["\r", "\n", "\r\n", "\0", " ", ":", "\t", "\x80", "\r\n\r\n"]),
      "latin1",
    );
    const ways = [
      () => Buffer.concat([before, insert, after]),
      () => Buffer.concat([before, after.subarray(1)]),
      () => before,
      () => Buffer.concat([before, Buffer.from([random.between(0, 255)]), after.subarray(1)]),
      () => Buffer.concat([before, before.subarray(-20), after]),
    ];
    made = random.pick(ways)();
  }
  return made;
}

async function tryBytes(port: number, bytes: Buffer, random: Seeded): Promise<string | undefined> {
  using client = new RawClient({ port });
  await client.opened;
  const cut = random.chance(0.3) ? random.between(0, bytes.length) : bytes.length;
  client.write(bytes.subarray(0, cut));
  if (cut < bytes.length) {
    await new Promise<void>((resolve) => setImmediate(resolve));
    client.write(bytes.subarray(cut));
  }
  // A request may begin with empty lines.
  const headOnly = /^(?:\r?\n)*HEAD /.test(bytes.toString("latin1"));
  if (random.chance(0.1)) client.socket.end();
  const first = await client.replies(1, { headOnly });
  for (const reply of first.replies) {
    const flaw = flawOfReply(reply, { headOnly });
    if (flaw !== undefined) return flaw;
  }
  if (first.hung) return "no answer, no end";
  if (first.closed || first.replies[0]?.status === 101 || headOnly) return undefined;
  // Whatever the server still waits for, this ends it or is part of it.
  client.write(http("GET", "/healthz", [["Connection", "close"]]));
  const whole = await client.replies(Number.POSITIVE_INFINITY);
  if (whole.hung) return "no end after the last request";
  return whole.replies.map((reply) => flawOfReply(reply)).find((flaw) => flaw !== undefined);
}
