import { rpcMethods } from "../../../src/generated/rpc.js";
import { requestSchemas } from "../../../src/generated/schemas.js";
import type { Seeded } from "../kit/seeded.js";
import { parsed } from "./case.js";
import { RequestGenerator, type Schema } from "./generate.js";
import { mutated, mutatedText } from "./mutate.js";

const methods = [
  ...Object.keys(rpcMethods),
  ...["tools/list", "tools/call", "tools/call", "ping", "server/discover", "notifications/initialized"],
  ...[
    "resources/list",
    "resources/read",
    "resources/subscribe",
    "resources/unsubscribe",
    "subscriptions/listen",
  ],
  ...["rpc.discover", "$/cancelRequest", "$/x", "__proto__", "constructor", "", "comms/nothing"],
];
const ids = [1, 0, -1, "a", "", "\u0000", null, undefined, 1.5, 2 ** 53, {}, [1], true];
const uris = [
  "comms://inbox/bot",
  "comms://inbox/bot?after=9",
  "comms://inbox/",
  "test://x",
  "",
  "\u0000",
  7,
  null,
];
const versions = ["2025-11-25", "2025-03-26", "2026-07-28", "1999-01-01", "", 7, null];

/** Message texts for JSON-RPC and MCP: requests, notifications and batches, most of them with something changed. */
export function* messages(random: Seeded): Generator<string, never, void> {
  const generator = new RequestGenerator(random);
  for (;;) {
    const one = (): unknown => {
      const whole = message(random, generator);
      return random.chance(0.4) ? mutated(whole, random) : whole;
    };
    const frame = random.chance(0.15)
      ? Array.from({ length: random.pick([0, 1, 2, 3, 33, 65]) }, one)
      : one();
    // Nothing of these waits: who asks is not what is tried here.
    const text = (JSON.stringify(frame) ?? "null").replaceAll(/"wait_ms":\d+/g, '"wait_ms":1');
    yield random.chance(0.15) ? mutatedText(text, random) : text;
  }
}

function message(random: Seeded, generator: RequestGenerator): Record<string, unknown> {
  const method = random.pick(methods);
  const id = random.chance(0.7) ? random.pick(ids.slice(0, 4)) : random.pick(ids);
  return {
    jsonrpc: "2.0",
    ...(id === undefined ? {} : { id }),
    method,
    params: params(method, random, generator),
  };
}

function params(method: string, random: Seeded, generator: RequestGenerator): unknown {
  const operation = Object.hasOwn(rpcMethods, method) ? rpcMethods[method] : undefined;
  if (method === "initialize" && random.chance(0.5))
    return {
      protocolVersion: random.pick(versions),
      capabilities: {},
      clientInfo: { name: "x", version: "1" },
    };
  if (operation !== undefined) return generator.valid(requestSchemas[operation] as Schema);
  if (method === "$/cancelRequest") return { id: random.pick(ids) };
  const meta = random.chance(0.3)
    ? {
        _meta: {
          "io.modelcontextprotocol/protocolVersion": random.pick(versions),
          "io.modelcontextprotocol/clientCapabilities": {},
        },
      }
    : {};
  if (method.startsWith("resources/") && random.chance(0.9)) return { ...meta, uri: random.pick(uris) };
  if (method === "subscriptions/listen")
    return { ...meta, notifications: { resourceSubscriptions: [random.pick(uris), random.pick(uris)] } };
  if (method !== "tools/call") return { ...meta, ...(random.chance(0.2) ? { cursor: "x" } : {}) };
  const name = random.pick(["send", "peers", "send", "nothing", "__proto__", 7]);
  const command = generator.valid(requestSchemas["comms.send"] as Schema);
  return { ...meta, name, arguments: name === "send" ? { command } : {} };
}

/** Ids under which a text must be answered exactly once each; undefined when that cannot be said. */
export function idsDue(text: string): (string | number)[] | undefined {
  const read = parsed(text);
  if (read === undefined) return undefined;
  const all = Array.isArray(read.value) ? read.value : [read.value];
  const due = all.map((one) => {
    const { id, method, jsonrpc } = (one ?? {}) as { id?: unknown; method?: unknown; jsonrpc?: unknown };
    const fits = jsonrpc === "2.0" && typeof method === "string" && !method.startsWith("$/");
    return fits && (typeof id === "string" || Number.isSafeInteger(id)) ? (id as string | number) : undefined;
  });
  const plain = due.filter((id) => id !== undefined);
  return plain.length === due.length &&
    new Set(plain).size === plain.length &&
    plain.length <= 32 &&
    plain.length > 0
    ? plain
    : undefined;
}
