import { operations } from "../../../src/generated/operations.js";
import { flawOf, flawOfPayload } from "./judge.js";
import { http, RawClient } from "./raw-client.js";

/** A body as it is sent, and the code of its refusal; the same on every surface. */
type BodyCase = readonly [name: string, text: string | Buffer, code: string];

const maxBytes = 1024 * 1024;
const request = (params: string): string =>
  `{"kind":"peer_request","to":"nobody-there","intent":"ask","params":${params}}`;
const said = (body: string): string => `{"kind":"peer_message","to":"nobody-there","body":${body}}`;
const nested = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);
const objects = (depth: number): string => `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`;
const fields = (count: number): string => Array.from({ length: count }, (_, n) => `"f${n}":${n}`).join(",");
const { validationError } = operations["comms.send"];

/** Hostile values of `comms.send`. What is right is still refused, because nobody of that name is there. */
const cases: readonly BodyCase[] = [
  ["a sane command", said('"x"'), "peer_not_found"],
  ["nesting at the limit", request(`{"a":${nested(62)}}`), "peer_not_found"],
  ["nesting beyond the limit, arrays", request(`{"a":${nested(63)}}`), validationError],
  ["nesting beyond the limit, objects", request(objects(64)), validationError],
  ["a constructor in free JSON", request('{"constructor":{"prototype":{"x":1}}}'), "peer_not_found"],
  ["a toString in free JSON", request('{"toString":1,"hasOwnProperty":2}'), "peer_not_found"],
  [
    "a constructor as a field",
    '{"kind":"peer_message","to":"nobody-there","body":"x","constructor":{}}',
    validationError,
  ],
  [
    "__proto__ at the top",
    '{"kind":"peer_message","to":"nobody-there","body":"x","__proto__":{"a":1}}',
    validationError,
  ],
  ["__proto__ inside", request('{"a":{"__proto__":{"admin":true}}}'), validationError],
  ["__proto__ by escapes", request('{"\\u005f_proto__":1}'), validationError],
  ["a lone high surrogate", said('"\\ud800"'), validationError],
  ["a lone low surrogate in a key", request('{"\\udc00":1}'), validationError],
  ["a pair the wrong way round", said('"\\udc00\\ud800"'), validationError],
  ["NUL as text", said('"a\\u0000b"'), "peer_not_found"],
  ["NUL in a name", '{"kind":"peer_message","to":"a\\u0000b","body":"x"}', validationError],
  ["NaN", said("NaN"), "parse_error"],
  ["Infinity", request('{"x":-Infinity}'), "parse_error"],
  ["an integer beyond 2^53", request('{"at":9007199254740993}'), validationError],
  ["a number beyond every double", request('{"at":1e400}'), validationError],
  ["the largest exact integer", request('{"at":9007199254740991}'), "peer_not_found"],
  ["an unknown kind", '{"kind":"peer_massage","to":"nobody-there","body":"x"}', validationError],
  ["a kind of no type", '{"kind":["peer_message"],"to":"nobody-there","body":"x"}', validationError],
  ["a kind of every object", '{"kind":"__proto__","to":"nobody-there","body":"x"}', validationError],
  ["no kind", "{}", validationError],
  ["a number for a name", '{"kind":"peer_message","to":7,"body":"x"}', validationError],
  ["an object for a text", said('{"toString":"x"}'), validationError],
  ["null for a text", said("null"), validationError],
  ["a key twice", '{"kind":"peer_message","kind":"nothing","to":"nobody-there","body":"x"}', validationError],
  ["12,000 unknown fields", `{${fields(12_000)}}`, validationError],
  ["more names than a body may have", `{${fields(60_000)}}`, "payload_too_large"],
  ["more parts than a body may have", `[${"{},".repeat(70_000)}{}]`, "payload_too_large"],
  ["a trailing comma", '{"kind":"peer_message",}', "parse_error"],
  ["a comment", '{/**/"kind":"peer_message"}', "parse_error"],
  ["single quotes", "{'kind':'peer_message'}", "parse_error"],
  ["half of it", '{"kind":"peer_mess', "parse_error"],
  [
    "an overlong encoding",
    Buffer.concat([Buffer.from('{"kind":"'), Buffer.from([0xc0, 0x80]), Buffer.from('"}')]),
    "parse_error",
  ],
  [
    "a surrogate as UTF-8",
    Buffer.concat([Buffer.from('{"kind":"'), Buffer.from([0xed, 0xa0, 0x80]), Buffer.from('"}')]),
    "parse_error",
  ],
  [
    "half a character",
    Buffer.concat([Buffer.from('{"kind":"'), Buffer.from([0xe2, 0x82]), Buffer.from('"}')]),
    "parse_error",
  ],
  ["another encoding", Buffer.from(said('"x"'), "utf16le"), "parse_error"],
  ["more than a body may be", said(`"${"a".repeat(maxBytes)}"`), "payload_too_large"],
];

/** What cannot stand inside an envelope, on REST alone. */
const bare: readonly BodyCase[] = [
  ["an array", "[]", validationError],
  ["null", "null", validationError],
  ["a number", "1", validationError],
  ["a huge number", `1${"0".repeat(100_000)}`, validationError],
  ["nothing but space", " ".repeat(1000), "parse_error"],
  ["a byte order mark", Buffer.from(`\ufeff${said('"x"')}`), "parse_error"],
  ["two values", `${said('"x"')}${said('"x"')}`, "parse_error"],
  ["a million open brackets", "[".repeat(1_000_000), "too deep or broken"],
  ["half a million levels", nested(500_000), "too deep or broken"],
  ["a million levels of objects in half", '{"a":'.repeat(200_000), "too deep or broken"],
];

/** Sends every hostile body to REST, JSON-RPC and MCP; tells how many and what was answered otherwise. */
export async function hostileBodies(
  port: number,
  token: string,
): Promise<{ cases: number; broken: string[] }> {
  const broken: string[] = [];
  let count = 0;
  const attempt = async (surface: Surface, [name, text, code]: BodyCase): Promise<void> => {
    count += 1;
    const got = await codeOf(port, token, surface, text);
    const fits =
      code === "too deep or broken" ? got === "parse_error" || got === validationError : got === code;
    if (!fits) broken.push(`${surface}, ${name}: expected ${code}, got ${got}`);
  };
  for (const surface of ["rest", "rpc", "mcp"] as const)
    for (const each of cases) await attempt(surface, each);
  for (const each of bare) await attempt("rest", each);
  return { cases: count, broken };
}

type Surface = "rest" | "rpc" | "mcp";

const paths: Readonly<Record<Surface, string>> = { rest: "/comms/send", rpc: "/rpc", mcp: "/mcp" };
const envelopes: Readonly<Record<Surface, readonly [string, string]>> = {
  rest: ["", ""],
  rpc: ['{"jsonrpc":"2.0","id":1,"method":"comms/send","params":', "}"],
  mcp: [
    '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"send","arguments":{"command":',
    "}}}",
  ],
};

async function codeOf(
  port: number,
  token: string,
  surface: Surface,
  value: string | Buffer,
): Promise<string> {
  const [before, after] = envelopes[surface];
  const body = Buffer.concat([Buffer.from(before), Buffer.from(value as string), Buffer.from(after)]);
  using client = new RawClient({ port });
  await client.opened;
  client.write(
    http(
      "POST",
      paths[surface],
      [
        ["Authorization", `Bearer ${token}`],
        ["Content-Type", "application/json"],
      ],
      body,
    ),
  );
  const { replies, hung } = await client.replies(1);
  const [reply] = replies;
  if (reply === undefined) return hung ? "no answer" : "closed without an answer";
  if (surface === "rest" || reply.status >= 500) return flawOf(reply) ?? readCode(reply.body);
  const payload = payloadIn(reply.body);
  return flawOfPayload(payload) ?? readCode(payload);
}

/** The contract's payload inside what JSON-RPC or MCP says, or the body itself. */
function payloadIn(body: string): string {
  const frame = JSON.parse(body);
  return JSON.stringify(frame.error?.data ?? frame.result?.structuredContent ?? frame);
}

function readCode(payload: string): string {
  return JSON.parse(payload).code ?? "accepted";
}
