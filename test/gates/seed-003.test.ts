import { describe, expect, test } from "vitest";
import { declaredOperations } from "../../codegen/gates/declared.js";
import { readText, walk } from "../../codegen/gates/gate.js";
import { legacyNames } from "../../codegen/gates/hard-cut.js";
import { surfaceListings } from "../../codegen/gates/surfaces.js";
import { versionGate } from "../../codegen/gates/version.js";
import { findStale, generate } from "../../codegen/main.js";
import { camelCase } from "../../codegen/names.js";
import * as typescript from "../../sdks/typescript/src/index.js";
import { openCore, SendAndStreamError } from "../../src/core.js";
import { errors } from "../../src/generated/errors.js";
import { runPython } from "./_python.js";
import { root } from "./_tree.js";

interface Definition {
  properties: Record<string, { default?: unknown }>;
  required: string[];
  enum: string[];
  oneOf: { $ref: string }[];
}

const { $defs: definitions } = JSON.parse(readText(root, "schemas/dist/contract.schema.json")!) as {
  $defs: Record<string, Definition>;
};
const variants = (name: string): string[] =>
  definitions[name]!.oneOf.map(({ $ref }) => $ref.replace("#/$defs/", ""));

describe("[seed003.m1] the seed's types and signatures", () => {
  test.each([
    ["CommsCommand", ["InputCommand", "PeerMessageCommand", "PeerRequestCommand", "PeerResponseCommand"]],
    ["SendReceipt", ["InputAccepted", "PeerMessageSent", "PeerRequestSent", "PeerResponseSent"]],
    ["StreamScope", ["SessionScope", "InteractionScope"]],
  ])("%s has the seed's variants and no other", (name, expected) => {
    expect(variants(name)).toEqual(expected);
  });

  /** The seed's fields, and what the design adds to them, in brackets. */
  test.each([
    ["InputCommand", "session_id body source stream allow_self_session", "options"],
    ["PeerMessageCommand", "to body", "options"],
    ["PeerRequestCommand", "to intent params stream", "options"],
    ["PeerResponseCommand", "to in_reply_to status result", "options"],
    ["InputAccepted", "interaction_id stream_reserved", "deduplicated inbox"],
    ["PeerMessageSent", "envelope_id acked", "deduplicated delivery interaction_id inbox"],
    ["PeerRequestSent", "envelope_id interaction_id stream_reserved", "deduplicated delivery inbox"],
    ["PeerResponseSent", "envelope_id in_reply_to", "deduplicated delivery inbox"],
    ["SessionScope", "session_id", ""],
    ["InteractionScope", "interaction_id", ""],
    ["CommsStreamCloseResponse", "closed already_closed", ""],
  ])("%s has the fields %s (and %s)", (name, fields, added) => {
    const found = Object.keys(definitions[name]!.properties).filter((field) => field !== "kind");
    const wanted = fields.split(" ");
    expect(found).toEqual(expect.arrayContaining(wanted));
    expect(added.split(" ")).toEqual(
      expect.arrayContaining(found.filter((field) => !wanted.includes(field))),
    );
  });

  test.each([
    ["InputSource", "tcp uds stdin webhook rpc"],
    ["InputStreamMode", "none reserve_interaction"],
    ["ResponseStatus", "accepted completed failed"],
  ])("%s is one of: %s", (name, values) => {
    expect(definitions[name]!.enum).toEqual(values.split(" "));
  });

  test("the defaults: no stream, no sending to oneself, thirty seconds for a reservation", () => {
    expect(definitions.InputCommand!.properties.stream!.default).toBe("none");
    expect(definitions.PeerRequestCommand!.properties.stream!.default).toBe("none");
    expect(definitions.InputCommand!.properties.allow_self_session!.default).toBe(false);
    expect(readText(root, "src/domains/messaging/ports.ts")).toContain("reservationTtlMs: 30_000");
  });

  test("each of the seed's stream errors has a code", () => {
    const codes = [
      "not_reserved",
      "stream_not_found",
      "already_attached",
      "stream_closed",
      "permission_denied",
      "stream_timeout",
      "internal",
    ];
    expect(Object.keys(errors)).toEqual(expect.arrayContaining(codes));
  });

  test("the core has the runtime's methods", async () => {
    await using core = await openCore();
    const runtime = core.as("alice");
    for (const method of [
      "send",
      "stream",
      "peers",
      "sendAndStream",
      "drainInboxInteractions",
      "takeInteractionStreamSender",
    ] as const)
      expect(runtime[method], method).toBeTypeOf("function");
    expect(new Set(["send", "stream_attach"])).toContain(
      await runtime
        .sendAndStream({ kind: "peer_request", to: "nobody", intent: "ask", params: null })
        .catch((error: SendAndStreamError) => error.stage),
    );
    expect(SendAndStreamError.prototype).toBeInstanceOf(Error);
  });
});

test("[seed003.m8] [seed003.gate-contract-version] [seed003.accept-synchronized] the contract is 0.3.0 and everything generated is what it gives", async () => {
  expect(await versionGate(root)).toEqual([]);
  expect(findStale(root, generate(root))).toEqual([]);
  for (const { place, expected, actual } of await surfaceListings(root))
    expect([...actual].sort(), place).toEqual([...expected].sort());
});

test("[seed003.accept-only-three] in comms every surface has send, stream and peers, and what closes a stream", async () => {
  const comms = declaredOperations(root).filter(({ plane }) => plane === "comms");
  expect(comms.map(({ verb }) => verb).sort()).toEqual(["peers", "send", "stream", "stream_close"]);
  const of = (surface: string): string[] =>
    readText(root, `test/golden/surfaces/${surface}.txt`)!
      .split("\n")
      .filter((line) => line.startsWith("comms."))
      .map((line) => line.slice(line.indexOf(" ") + 1));
  expect(of("rest")).toEqual(["GET /comms/peers 200", "POST /comms/send 200", "GET /comms/stream 200"]);
  expect(of("rpc")).toEqual([
    "comms/peers",
    "comms/send",
    "comms/stream_open",
    "comms/stream_close",
    "comms/stream_closed (notification)",
    "comms/stream_event (notification)",
  ]);
  // MCP has no tools that control streams.
  expect(of("mcp")).toEqual(["peers", "send"]);
  expect(of("cli")).toEqual(["parley peers", "parley send", "parley stream"]);
  expect(of("ts")).toEqual(["peers", "send", "stream", "streamClose"].map((name) => `client.comms.${name}`));
  expect(of("py")).toEqual(["peers", "send", "stream", "stream_close"].map((name) => `client.comms.${name}`));
});

describe("[seed003.m9] [seed003.gate-sdk-exports] both SDKs are cut over", () => {
  const legacy = legacyNames.map((name) => name.replace("/", "_"));

  test("TypeScript: send, stream and sendAndStream on the client, nothing legacy on anything exported", () => {
    const client = typescript.createClient({ baseUrl: "http://127.0.0.1:1", token: "none" });
    for (const method of ["send", "stream", "sendAndStream", "peers"] as const)
      expect(client[method], method).toBeTypeOf("function");
    const names = new Set(Object.keys(typescript));
    for (const value of Object.values(typescript)) {
      if (typeof value !== "function" || value.prototype === undefined) continue;
      for (let at = value.prototype; at !== Object.prototype && at !== null; at = Object.getPrototypeOf(at))
        for (const name of Object.getOwnPropertyNames(at)) names.add(name);
    }
    for (const resource of Object.values(client))
      if (typeof resource === "object" && resource !== null)
        for (const name of Object.getOwnPropertyNames(Object.getPrototypeOf(resource))) names.add(name);
    expect(names).toContain("sendAndStream");
    expect([...names].filter((name) => [...legacy, ...legacy.map(camelCase)].includes(name))).toEqual([]);
  });

  test("Python: send, stream and send_and_stream on both clients, nothing legacy on anything exported", async () => {
    const found = (await runPython("_python_names.py", [])) as Record<string, string[]>;
    for (const client of ["Parley", "AsyncParley"])
      expect(found[client]).toEqual(expect.arrayContaining(["send", "stream", "send_and_stream", "peers"]));
    for (const [owner, names] of Object.entries(found))
      expect(
        names.filter((name) => legacy.includes(name)),
        owner,
      ).toEqual([]);
  });
});

test("[seed003.m13] the docs, the examples and the page for agents speak of what there is", () => {
  const pages = ["README.md", "AGENTS.md", ...walk(root, "docs"), ...walk(root, "examples")];
  const said = pages.map((path) => readText(root, path)!).join("\n");
  for (const name of [
    "sendAndStream",
    "send_and_stream",
    "comms/stream_open",
    "/comms/send",
    "`peers`",
    "`send`",
  ])
    expect(said, name).toContain(name);
  // Every operation of the pages' own language exists: `comms/x` and `/comms/x` are methods and routes.
  const known = new Set([
    "send",
    "peers",
    "stream",
    "stream_open",
    "stream_close",
    "stream_event",
    "stream_closed",
  ]);
  const named = [...said.matchAll(/(?<![\w./-])\/?comms\/([a-z_]+)(?![\w./-]*\.(?:json|md|ts))/g)].map(
    ([, name]) => name!,
  );
  expect(named.length).toBeGreaterThan(10);
  expect(named.filter((name) => !known.has(name) && name !== "envelope")).toEqual([]);
});
