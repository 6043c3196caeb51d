import fc from "fast-check";
import { expect, test } from "vitest";
import { CONTRACT_DIGEST, CONTRACT_VERSION } from "../../generated/version.js";
import { message, noPeers, receipt, startServer } from "./_harness.js";

const revision = "2026-07-28";
const meta = {
  "io.modelcontextprotocol/protocolVersion": revision,
  "io.modelcontextprotocol/clientCapabilities": {},
};
const request = (method: string, params: object = {}, _meta: object = meta) => ({
  jsonrpc: "2.0",
  id: 1,
  method,
  params: { ...params, _meta },
});
const headers = (method: string, name?: string) => ({
  "mcp-protocol-version": revision,
  "mcp-method": method,
  ...(name === undefined ? {} : { "mcp-name": name }),
});

test("[mcp.stateless] [field.stateless-mcp] discover, list and call answer without any handshake and name the server each time", async () => {
  await using server = await startServer();
  const discover = await server.post(request("server/discover"), headers("server/discover"));
  expect(discover.status).toBe(200);
  expect(discover.json.result).toMatchObject({
    resultType: "complete",
    supportedVersions: [revision, "2025-11-25", "2025-06-18", "2025-03-26"],
    capabilities: { tools: {} },
    cacheScope: "public",
  });
  const list = await server.post(request("tools/list"), headers("tools/list"));
  expect(list.json.result).toMatchObject({
    resultType: "complete",
    cacheScope: "public",
    ttlMs: expect.any(Number),
  });
  const peers = await server.post(request("tools/call", { name: "peers" }), headers("tools/call", "peers"));
  expect(peers.json.result).toMatchObject({ resultType: "complete", structuredContent: noPeers });
  for (const { json } of [discover, list, peers]) {
    expect(json.result._meta).toMatchObject({
      "parley/contract": CONTRACT_VERSION,
      "parley/digest": CONTRACT_DIGEST,
      "io.modelcontextprotocol/serverInfo": { name: "parley" },
    });
  }
});

test("[mcp.stateless] [field.stateless-mcp] what the revision no longer has is 404", async () => {
  await using server = await startServer();
  for (const method of ["initialize", "ping", "prompts/list", "resources/subscribe"]) {
    const { status, json } = await server.post(request(method), headers(method));
    expect([method, status, json.error.code]).toEqual([method, 404, -32601]);
  }
});

test("[mcp.stateless.meta] a request that does not say what it speaks is malformed", async () => {
  await using server = await startServer();
  const without = (key: keyof typeof meta) => ({ ...meta, [key]: undefined });
  for (const [body, field] of [
    [request("tools/list", {}, without("io.modelcontextprotocol/protocolVersion")), "protocolVersion"],
    [request("tools/list", {}, without("io.modelcontextprotocol/clientCapabilities")), "clientCapabilities"],
  ] as const) {
    const { status, json } = await server.post(body, headers("tools/list"));
    expect([status, json.error.code]).toEqual([400, -32602]);
    expect(json.error.data.details).toMatchObject([{ field: `_meta.io.modelcontextprotocol/${field}` }]);
  }
  const future = { ...meta, "io.modelcontextprotocol/protocolVersion": "2030-01-01" };
  const sent = { ...headers("tools/list"), "mcp-protocol-version": "2030-01-01" };
  const { status, json } = await server.post(request("tools/list", {}, future), sent);
  expect([status, json.error.code, json.error.data.requested]).toEqual([400, -32022, "2030-01-01"]);
});

test.each([
  ["no version", { "mcp-method": "tools/call", "mcp-name": "peers" }],
  ["another version", { ...headers("tools/call", "peers"), "mcp-protocol-version": "2025-11-25" }],
  ["no method", { "mcp-protocol-version": revision, "mcp-name": "peers" }],
  ["another method", headers("tools/list", "peers")],
  ["no name", headers("tools/call")],
  ["another name", headers("tools/call", "send")],
  ["another encoded name", headers("tools/call", `=?base64?${Buffer.from("send").toString("base64")}?=`)],
])("[mcp.stateless.headers] %s in the headers is refused", async (_, sent) => {
  await using server = await startServer();
  const { status, json } = await server.post(request("tools/call", { name: "peers" }), sent);
  expect([status, json.error.code, json.id]).toEqual([400, -32020, 1]);
});

test("[mcp.stateless.headers] a name may travel encoded; a missing session id and an unknown one are both ignored", async () => {
  await using server = await startServer();
  const encoded = `=?base64?${Buffer.from("peers").toString("base64")}?=`;
  const sent = { ...headers("tools/call", encoded), "mcp-session-id": "gone", "last-event-id": "7" };
  const { status, json } = await server.post(request("tools/call", { name: "peers" }), sent);
  expect([status, json.result.structuredContent]).toEqual([200, noPeers]);
});

test("[mcp.stdio] over the unix socket messages pass that never had headers: the stdio bridge's", async () => {
  await using server = await startServer({ transport: "unix" });
  const lines: [line: object, result: object | undefined][] = [
    [request("server/discover"), { resultType: "complete" }],
    [
      request("tools/call", { name: "send", arguments: { command: message } }),
      { structuredContent: receipt },
    ],
    [
      { jsonrpc: "2.0", id: 1, method: "initialize", params: { protocolVersion: "2025-11-25" } },
      { protocolVersion: "2025-11-25" },
    ],
    [{ jsonrpc: "2.0", method: "notifications/initialized" }, undefined],
    [
      { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "peers" } },
      { structuredContent: noPeers },
    ],
  ];
  for (const [line, result] of lines) {
    const { text, json } = await server.post(line);
    expect(text).not.toContain("\n");
    if (result === undefined) expect(text).toBe("");
    else expect(json.result).toMatchObject(result);
  }
  const contradicting = await server.post(request("tools/list"), { "mcp-method": "tools/call" });
  expect(contradicting.json.error.code).toBe(-32020);
});

test("[mcp.fuzz] any message is answered by one well-formed body or taken without one", async () => {
  await using server = await startServer();
  const params = fc.oneof(
    fc.record(
      {
        name: fc.oneof(fc.constantFrom("send", "peers"), fc.jsonValue()),
        arguments: fc.oneof(fc.record({ command: fc.jsonValue() }), fc.jsonValue()),
        _meta: fc.oneof(fc.constant(meta), fc.jsonValue()),
        cursor: fc.jsonValue(),
        uri: fc.oneof(
          fc.webUrl(),
          fc.constantFrom("comms://inbox/bot", "comms://inbox/bot?after=1"),
          fc.jsonValue(),
        ),
        protocolVersion: fc.jsonValue(),
      },
      { requiredKeys: [] },
    ),
    fc.jsonValue(),
  );
  const single = fc.record(
    {
      jsonrpc: fc.oneof({ weight: 9, arbitrary: fc.constant("2.0") }, fc.jsonValue()),
      id: fc.oneof(fc.integer(), fc.string(), fc.jsonValue()),
      method: fc.oneof(
        fc.constantFrom(
          "initialize",
          "ping",
          "tools/list",
          "tools/call",
          "resources/list",
          "resources/templates/list",
          "resources/read",
          "resources/subscribe",
          "resources/unsubscribe",
          "server/discover",
          "toString",
        ),
        fc.string(),
      ),
      params,
    },
    { requiredKeys: [] },
  );
  const body = fc.oneof(single, fc.jsonValue(), fc.array(single, { maxLength: 40 }));
  const version = fc.constantFrom(undefined, revision, "2025-11-25", "2025-03-26", "nonsense");
  await fc.assert(
    fc.asyncProperty(body, version, async (value, sent) => {
      const text = JSON.stringify(value);
      const { status, json } = await server.post(
        text,
        sent === undefined ? {} : { "mcp-protocol-version": sent },
      );
      expect([200, 202, 400, 404]).toContain(status);
      expect(json === undefined).toBe(status === 202);
      for (const answer of [json ?? []].flat()) {
        expect(answer.jsonrpc).toBe("2.0");
        expect("result" in answer).not.toBe("error" in answer);
        if (answer.error !== undefined) expect(Number.isInteger(answer.error.code)).toBe(true);
      }
    }),
    { numRuns: 400 },
  );
});
