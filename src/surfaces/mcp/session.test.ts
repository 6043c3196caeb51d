import { expect, test } from "vitest";
import { CONTRACT_DIGEST, CONTRACT_VERSION } from "../../generated/version.js";
import { ContractError } from "../../kernel/contract-error.js";
import { message, noPeers, receipt, startServer } from "./_harness.js";

const request = (method: string, params?: unknown, id: unknown = 1) => ({
  jsonrpc: "2.0",
  id,
  method,
  params,
});

test.each([
  ["2025-11-25", "2025-11-25"],
  ["2025-06-18", "2025-06-18"],
  ["2025-03-26", "2025-03-26"],
  ["2024-11-05", "2025-11-25"],
  ["2026-07-28", "2025-11-25"],
  ["tomorrow", "2025-11-25"],
])("[mcp.initialize] a client that asks for %s is offered %s", async (requested, offered) => {
  await using server = await startServer();
  const { status, json, headers } = await server.post(request("initialize", { protocolVersion: requested }));
  expect([status, headers.get("content-type"), headers.get("mcp-session-id")]).toEqual([
    200,
    "application/json",
    expect.stringMatching(/^[!-~]{1,128}$/),
  ]);
  const capabilities = { tools: {}, resources: { subscribe: true } };
  expect(json.result).toMatchObject({ protocolVersion: offered, capabilities });
});

test("[mcp.initialize] the server says which contract it speaks and how to use it", async () => {
  await using server = await startServer();
  const { json, headers } = await server.post(request("initialize", { protocolVersion: "2025-11-25" }));
  expect(headers.get("parley-digest")).toBe(CONTRACT_DIGEST);
  const { serverInfo, instructions, _meta } = json.result;
  expect(serverInfo.description).toContain(CONTRACT_DIGEST);
  expect(_meta).toEqual({ "parley/contract": CONTRACT_VERSION, "parley/digest": CONTRACT_DIGEST });
  expect(instructions).toContain("data");
  const missing = await server.post(request("initialize", {}));
  expect(missing.json.error).toMatchObject({
    code: -32602,
    data: { details: [{ field: "protocolVersion" }] },
  });
});

test("[mcp.notification] notifications are taken without a word", async () => {
  await using server = await startServer();
  for (const method of ["notifications/initialized", "notifications/cancelled", "notifications/other"]) {
    expect(await server.post({ jsonrpc: "2.0", method })).toMatchObject({ status: 202, text: "" });
  }
});

test("[mcp.method] what the server does not have is not found; pings and lists are answered", async () => {
  await using server = await startServer();
  expect((await server.post(request("ping"))).json).toEqual({ jsonrpc: "2.0", id: 1, result: {} });
  const { status, json } = await server.post(request("prompts/list"));
  expect([status, json.error.code, json.error.data.code]).toEqual([200, -32601, "unknown_method"]);
  expect((await server.post(request("tools/list", { cursor: "x" }))).json.error.code).toBe(-32602);
  const listed = await server.post(request("tools/list", {}));
  expect(listed.json.result.tools.map(({ name }: { name: string }) => name)).toEqual(["peers", "send"]);
  expect(listed.json.result.tools.map(({ annotations }: { annotations: object }) => annotations)).toEqual([
    { readOnlyHint: true },
    { readOnlyHint: false, destructiveHint: false },
  ]);
});

test("[mcp.http] only POST with JSON is served, and the version header must name a revision", async () => {
  await using server = await startServer();
  for (const method of ["GET", "DELETE"]) {
    const { status, headers, json } = await server.fetch({ method });
    expect([status, headers.get("allow"), json.code]).toEqual([405, "POST", "method_not_allowed"]);
  }
  const text = await server.post(request("ping"), { "content-type": "text/plain" });
  expect([text.status, text.json.code]).toEqual([415, "unsupported_media_type"]);
  expect(
    (await server.post(request("ping"), { "content-type": "application/json; charset=utf-8" })).status,
  ).toBe(200);
  expect((await server.post(request("ping"), { "mcp-protocol-version": "2025-06-18" })).status).toBe(200);
  const { status, json } = await server.post(request("ping"), { "mcp-protocol-version": "1999-01-01" });
  expect([status, json.id, json.error.code]).toEqual([400, 1, -32022]);
  expect(json.error.data).toEqual({
    supported: ["2026-07-28", "2025-11-25", "2025-06-18", "2025-03-26"],
    requested: "1999-01-01",
  });
});

test.each([
  ["no JSON", "{", -32700, null],
  ["nothing", "", -32700, null],
  ["a number", "1", -32600, null],
  ["a null id", request("ping", {}, null), -32600, null],
  ["positional params", request("ping", []), -32600, 1],
  ["an answer", { jsonrpc: "2.0", id: 1, result: {} }, -32600, 1],
])("[mcp.invalid] %s is a protocol error", async (_, body, code, id) => {
  await using server = await startServer();
  const { status, json } = await server.post(body);
  expect([status, json.error.code, json.id]).toEqual([400, code, id]);
});

test("[mcp.tool_error] [errors.json-text] arguments that miss or exceed the wrapper, and JSON text in its place, are named", async () => {
  await using server = await startServer();
  const call = async (args: unknown) => {
    const { json } = await server.post(request("tools/call", { name: "send", arguments: args }));
    return json.result?.structuredContent?.details ?? json.error.data.details;
  };
  const notText = "an object, not its JSON text";
  expect(await call(message)).toEqual([
    { field: "body", issue: "unknown_field", expected: "absent", got: "string" },
    { field: "command", issue: "missing_field", expected: "object", got: "absent" },
    { field: "kind", issue: "unknown_field", expected: "absent", got: "string" },
    { field: "to", issue: "unknown_field", expected: "absent", got: "string" },
  ]);
  expect(await call({ command: JSON.stringify(message) })).toEqual([
    { field: "command", issue: "wrong_type", expected: notText, got: "string" },
  ]);
  expect(await call(JSON.stringify({ command: message }))).toEqual([
    { field: "arguments", issue: "wrong_type", expected: notText, got: "string" },
  ]);
  expect(await call({ command: { ...message, shout: true } })).toMatchObject([{ field: "shout" }]);
  expect(await call([])).toMatchObject([{ field: "arguments", issue: "wrong_type", got: "array" }]);
  const peers = await server.post(request("tools/call", { name: "peers", arguments: { all: true } }));
  expect(peers.json.result).toMatchObject({ isError: true, structuredContent: { code: "invalid_request" } });
});

test("[mcp.tool_error] a failure inside the daemon shows no cause", async () => {
  await using server = await startServer({
    handlers: {
      "comms.peers": async () => {
        throw new Error("secret");
      },
      "comms.send": async () => {
        throw new ContractError("admission_dropped", { retryAfterMs: 20 });
      },
    },
  });
  const { text, json } = await server.post(request("tools/call", { name: "peers" }));
  expect(json.result).toMatchObject({ isError: true, structuredContent: { code: "internal" } });
  expect(text).not.toContain("secret");
  const full = await server.post(request("tools/call", { name: "send", arguments: { command: message } }));
  expect(full.json.result.structuredContent).toMatchObject({ code: "admission_dropped", retry_after_ms: 20 });
  expect(JSON.parse(full.json.result.content[0].text)).toEqual(full.json.result.structuredContent);
});

test("[mcp.session] the Parley-Session header says whom the call acts as", async () => {
  await using server = await startServer({
    handlers: {
      "comms.peers": async (_, context) => {
        throw new ContractError("peer_not_found", { message: `${context.session} by ${context.surface}` });
      },
    },
  });
  const peers = request("tools/call", { name: "peers" });
  const message = async (headers: Record<string, string>) =>
    (await server.post(peers, headers)).json.result.structuredContent.message;
  expect(await message({})).toBe("user-local by mcp");
  expect(await message({ "parley-session": "planner" })).toBe("planner by mcp");
});

test("[mcp.batch] batches belong to the one revision that had them", async () => {
  await using server = await startServer();
  const batch = [
    request("tools/call", { name: "peers" }, "a"),
    { jsonrpc: "2.0", method: "notifications/initialized" },
    request("tools/call", { name: "send", arguments: { command: message } }, "b"),
    7,
  ];
  const { status, json } = await server.post(batch, { "mcp-protocol-version": "2025-03-26" });
  expect(status).toBe(200);
  expect(json).toMatchObject([
    { id: "a", result: { structuredContent: noPeers } },
    { id: "b", result: { structuredContent: receipt } },
    { id: null, error: { code: -32600 } },
  ]);
  expect((await server.post(batch)).json).toHaveLength(3);
  expect(await server.post([{ jsonrpc: "2.0", method: "notifications/initialized" }])).toMatchObject({
    status: 202,
  });
  for (const [body, headers] of [
    [batch, { "mcp-protocol-version": "2025-06-18" }],
    [[], {}],
    [Array.from({ length: 33 }, () => request("ping")), {}],
  ] as const) {
    const refused = await server.post(body, headers);
    expect([refused.status, refused.json.error.code, refused.json.id]).toEqual([400, -32600, null]);
  }
});
