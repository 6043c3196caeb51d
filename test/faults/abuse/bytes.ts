import { flawOf, shortOf } from "./judge.js";
import { http, RawClient } from "./raw-client.js";

type Header = readonly [name: string, value: string];

/** Bytes that are no request, or one that two readers could read differently, and what they are answered with. */
interface ByteCase {
  bytes: Buffer | string;
  expect: string;
}

const malformed = "400 invalid_request";
const message = JSON.stringify({ kind: "peer_message", to: "nobody-there", body: "x" });

/** Sends each case on a connection of its own; tells how many there were and what was answered otherwise. */
export async function malformedRequests(
  port: number,
  token: string,
): Promise<{ cases: number; broken: string[] }> {
  const broken: string[] = [];
  const cases = Object.entries(byteCases(token));
  for (const [name, { bytes, expect }] of cases) {
    const flaw = await tryCase(port, bytes, expect);
    if (flaw !== undefined) broken.push(`${name}: ${flaw}`);
  }
  return { cases: cases.length, broken };
}

async function tryCase(port: number, bytes: Buffer | string, expect: string): Promise<string | undefined> {
  using client = new RawClient({ port });
  await client.opened;
  client.write(bytes);
  const { replies, closed, hung } = await client.replies(1);
  const [reply] = replies;
  if (hung || reply === undefined) return hung ? "no answer" : "closed without an answer";
  const flaw = flawOf(reply);
  if (flaw !== undefined) return flaw;
  const got = shortOf(reply);
  if (got !== expect) return `expected ${expect}, got ${got}`;
  if (closed) return undefined;
  // Both ends must agree where the next request begins, or something was smuggled in.
  client.write(http("GET", "/version", [["Connection", "close"]]));
  const whole = await client.replies(Number.POSITIVE_INFINITY);
  const statuses = whole.replies.map(({ status }) => status).join(" ");
  const closing = reply.headers.connection?.split(", ").includes("close") === true;
  return statuses === (closing ? `${reply.status}` : `${reply.status} 200`)
    ? undefined
    : `out of step: ${statuses}${whole.hung ? ", then nothing" : ""}`;
}

function byteCases(token: string): Record<string, ByteCase> {
  const auth: Header = ["Authorization", `Bearer ${token}`];
  const json: Header = ["Content-Type", "application/json"];
  const send = (headers: Header[], body: string | Uint8Array = message): Buffer =>
    http("POST", "/comms/send", [auth, json, ...headers], body);
  const chunked = (body: string): Buffer => send([["Transfer-Encoding", "chunked"]], body);
  const lengths = (...values: string[]): Buffer =>
    send(values.map((value) => ["Content-Length", value] as const));
  const transfer = (...values: string[]): Buffer =>
    send(
      values.map((value) => ["Transfer-Encoding", value] as const),
      "0\r\n\r\n",
    );
  const size = message.length.toString(16);
  const get = (path: string, ...headers: Header[]): Buffer => http("GET", path, headers);
  const bad = (bytes: Buffer | string): ByteCase => ({ bytes, expect: malformed });
  const tooLarge = (bytes: Buffer | string): ByteCase => ({ bytes, expect: "431 invalid_request" });
  const delivered = (bytes: Buffer | string): ByteCase => ({ bytes, expect: "404 peer_not_found" });
  const noRoute = (bytes: Buffer | string): ByteCase => ({ bytes, expect: "404 route_not_found" });
  const wrongMedia = (bytes: Buffer | string): ByteCase => ({ bytes, expect: "415 unsupported_media_type" });
  const nobody = (bytes: Buffer | string): ByteCase => ({ bytes, expect: "401 unauthenticated" });
  const many = Array.from({ length: 2_100 }, (): Header => ["a", "1"]);
  return {
    "a sane request": delivered(send([])),
    "empty lines first": { bytes: `\r\n\r\n${get("/version").toString("latin1")}`, expect: "200" },
    "bytes of no protocol": bad(Buffer.from(Array.from({ length: 256 }, (_, n) => (n * 37) % 256))),
    "a TLS hello": bad(Buffer.from("16030100c8010000c40303", "hex")),
    "HTTP/2's preface": bad("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    "HTTP/3 by name": bad("GET /version HTTP/3.0\r\nHost: localhost\r\n\r\n"),
    "a method in lower case": bad(http("get", "/version")),
    "a method that is none": bad(http("BREW", "/version")),
    "a tunnel": { bytes: http("CONNECT", "127.0.0.1:80"), expect: "405 method_not_allowed" },
    TRACE: { bytes: http("TRACE", "/version"), expect: "405 method_not_allowed" },
    "a method by header": {
      bytes: http("POST", "/version", [["X-HTTP-Method-Override", "GET"]]),
      expect: "405 method_not_allowed",
    },
    "no Host": { bytes: "GET /version HTTP/1.1\r\n\r\n", expect: "403 origin_denied" },
    "an empty Host": { bytes: get("/version", ["Host", ""]), expect: "403 origin_denied" },
    "a Host that is no name": { bytes: get("/version", ["Host", "[::1"]), expect: "403 origin_denied" },
    "Host twice": bad(get("/version", ["Host", "127.0.0.1"], ["Host", "evil.test"])),
    "the same Host twice": bad(get("/version", ["Host", "127.0.0.1"], ["Host", "127.0.0.1"])),
    "another authority in the target": bad(http("GET", "http://evil.test/version")),
    "no path": bad(http("GET", "*")),
    "Origin twice": {
      bytes: get(
        "/version",
        ["Host", "localhost"],
        ["Origin", "http://localhost"],
        ["Origin", "http://evil.test"],
      ),
      expect: "403 origin_denied",
    },
    "length and chunks": bad(
      send(
        [
          ["Content-Length", "5"],
          ["Transfer-Encoding", "chunked"],
        ],
        "0\r\n\r\nGET /tokens HTTP/1.1\r\n\r\n",
      ),
    ),
    "two lengths": bad(lengths("5", "6")),
    "the same length twice": bad(lengths("5", "5")),
    "a list of lengths": bad(lengths("5, 5")),
    "a length with a plus": bad(lengths("+5")),
    "a negative length": bad(lengths("-1")),
    "a length beyond 2^64": bad(lengths("99999999999999999999999")),
    "a length in another notation": bad(lengths("0x10")),
    "an announced length beyond the limit": { bytes: lengths("99999999"), expect: "413 payload_too_large" },
    "identity as transfer coding": bad(transfer("identity")),
    "an unknown transfer coding": bad(transfer("xchunked")),
    "chunked, then identity": bad(transfer("chunked", "identity")),
    "chunks in a coding that nobody undoes": bad(transfer("gzip, chunked")),
    "a space before the colon": bad(
      "POST /comms/send HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    ),
    "a chunk size that is none": bad(chunked("zz\r\n\r\n")),
    "a chunk size beyond 2^64": bad(chunked("fffffffffffffffff\r\n\r\n")),
    "a chunk longer than it says": bad(chunked(`${size}\r\n${message}x\r\n0\r\n\r\n`)),
    "chunks with bare line feeds": bad(chunked(`${size}\n${message}\n0\n\n`)),
    "a chunk extension without end": bad(chunked(`${size};${"a".repeat(20_000)}\r\n${message}\r\n0\r\n\r\n`)),
    "a Host in the trailer": delivered(chunked(`${size}\r\n${message}\r\n0\r\nHost: evil.test\r\n\r\n`)),
    "a trailer without end": tooLarge(
      chunked(`${size}\r\n${message}\r\n0\r\nX: ${"a".repeat(30_000)}\r\n\r\n`),
    ),
    "bare line feeds": bad("GET /version HTTP/1.1\nHost: localhost\n\n"),
    "bare carriage returns": bad("GET /version HTTP/1.1\rHost: localhost\r\r"),
    "a folded header": bad("GET /version HTTP/1.1\r\nHost: localhost\r\nX: a\r\n b\r\n\r\n"),
    "NUL in a header": bad(get("/version", ["X", "a\0b"])),
    "NUL in the path": bad(get("/ver\0sion")),
    "a space in a header's name": bad(get("/version", ["X Y", "a"])),
    "a header without a colon": bad("GET /version HTTP/1.1\r\nHost: localhost\r\nnothing\r\n\r\n"),
    "a header without a name": bad("GET /version HTTP/1.1\r\nHost: localhost\r\n: x\r\n\r\n"),
    "a long header": tooLarge(get("/version", ["X", "a".repeat(20_000)])),
    "many headers": tooLarge(http("GET", "/version", many)),
    "credentials behind many headers": tooLarge(http("GET", "/status", [...many, auth])),
    "a long path": tooLarge(get(`/${"a".repeat(20_000)}`)),
    "a long field of the path": bad(get(`/sessions/${"a".repeat(300)}`, auth)),
    "raw UTF-8 in the path": bad(get("/sessions/\xc3\xa9", auth)),
    "escapes of no UTF-8": bad(get("/sessions/%ff", auth)),
    "escapes that are none": bad(get("/sessions/%zz", auth)),
    "an escaped NUL": bad(get("/sessions/%00", auth)),
    "dots out of the assets": noRoute(get("/assets/../../../etc/passwd")),
    "escaped dots out of the assets": noRoute(get("/assets/%2e%2e%2f%2e%2e%2fpackage.json")),
    "backslashes out of the assets": noRoute(get("/assets/..\\..\\package.json")),
    "two slashes": noRoute(get("//version")),
    "a parameter in the path": noRoute(get("/version;x=1")),
    "__proto__ in the query": bad(get("/comms/stream?__proto__=1", auth)),
    "a query field twice": bad(get("/comms/stream?scope=session&scope=session", auth)),
    "an unknown expectation": delivered(send([["Expect", "magic"]])),
    "no content type": wrongMedia(http("POST", "/comms/send", [auth], message)),
    "a form": wrongMedia(
      http("POST", "/comms/send", [auth, ["Content-Type", "application/x-www-form-urlencoded"]], message),
    ),
    "a text": wrongMedia(http("POST", "/comms/send", [auth, ["Content-Type", "text/plain"]], message)),
    "two content types": wrongMedia(send([["Content-Type", "text/plain"]])),
    "another charset": wrongMedia(
      http("POST", "/comms/send", [auth, ["Content-Type", "application/json; charset=utf-16"]], message),
    ),
    "a content coding": wrongMedia(send([["Content-Encoding", "gzip"]])),
    "a body where none belongs": bad(http("GET", "/status", [auth, json], "{}")),
    "an empty Authorization": nobody(get("/status", ["Authorization", ""])),
    "Basic credentials": nobody(get("/status", ["Authorization", "Basic eDp5"])),
    "a long token": nobody(get("/status", ["Authorization", `Bearer ${"a".repeat(10_000)}`])),
    "two Authorizations": nobody(get("/status", auth, ["Authorization", "Bearer nonsense"])),
    "an upgrade without a key": bad(
      get("/rpc", auth, ["Connection", "Upgrade"], ["Upgrade", "websocket"], ["Sec-WebSocket-Version", "13"]),
    ),
    "an upgrade without a version": {
      bytes: get("/rpc", auth, ["Connection", "Upgrade"], ["Upgrade", "websocket"]),
      expect: "426 invalid_request",
    },
    "a call by GET": {
      bytes: http("GET", "/rpc", [auth, json], '{"jsonrpc":"2.0","id":1,"method":"system/stop","params":{}}'),
      expect: "405 method_not_allowed",
    },
    "an upgrade elsewhere": noRoute(get("/version", ["Connection", "Upgrade"], ["Upgrade", "websocket"])),
  };
}
