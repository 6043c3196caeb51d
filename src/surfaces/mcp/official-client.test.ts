import {
  Client as StatelessClient,
  StreamableHTTPClientTransport as StatelessTransport,
} from "@modelcontextprotocol/client";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { expect, test } from "vitest";
import { message, noPeers, receipt, startServer } from "./_harness.js";

const identity = { name: "test", version: "1.0.0" };

test("[mcp.client] the official client finds exactly two tools, calls both and gets typed errors", async () => {
  await using server = await startServer();
  const client = new Client(identity);
  const transport = new StreamableHTTPClientTransport(server.url);
  await client.connect(transport as Parameters<typeof client.connect>[0]);
  expect(transport.protocolVersion).toBe("2025-11-25");
  expect(transport.sessionId).toMatch(/^[!-~]+$/);
  expect(client.getServerVersion()).toMatchObject({ name: "parley", version: "0.3.0" });
  expect(client.getInstructions()).toMatch(/peers.*send.*data/s);

  const { tools } = await client.listTools();
  expect(tools.map(({ name }) => name)).toEqual(["peers", "send"]);
  for (const { inputSchema, outputSchema } of tools) {
    expect([inputSchema.type, outputSchema?.type]).toEqual(["object", "object"]);
  }

  const peers = await client.callTool({ name: "peers" });
  expect(peers.structuredContent).toEqual(noPeers);
  const sent = await client.callTool({ name: "send", arguments: { command: message } });
  expect(sent.structuredContent).toEqual(receipt);
  expect(sent.content).toEqual([{ type: "text", text: JSON.stringify(receipt) }]);

  const nobody = await client.callTool({
    name: "send",
    arguments: { command: { ...message, to: "nobody" } },
  });
  expect(nobody).toMatchObject({
    isError: true,
    structuredContent: { code: "peer_not_found", retryable: false },
  });
  const wrong = await client.callTool({
    name: "send",
    arguments: { command: { kind: "peer_message", to: "echo" } },
  });
  expect(wrong).toMatchObject({
    isError: true,
    structuredContent: { code: "invalid_command", details: [{ field: "body", issue: "missing_field" }] },
  });
  await client.ping();
  await expect(client.callTool({ name: "shout" })).rejects.toMatchObject({ code: -32602 });
  await client.close();
});

test("[mcp.client.stateless] the official client of the stateless revision does too", async () => {
  await using server = await startServer();
  const client = new StatelessClient(identity, { versionNegotiation: { mode: { pin: "2026-07-28" } } });
  await client.connect(new StatelessTransport(server.url));
  expect(client.getNegotiatedProtocolVersion()).toBe("2026-07-28");
  expect(client.getServerVersion()).toMatchObject({ name: "parley", version: "0.3.0" });
  const { tools } = await client.listTools();
  expect(tools.map(({ name }) => name)).toEqual(["peers", "send"]);
  expect((await client.callTool({ name: "peers" })).structuredContent).toEqual(noPeers);
  const nobody = await client.callTool({
    name: "send",
    arguments: { command: { ...message, to: "nobody" } },
  });
  expect(nobody).toMatchObject({ isError: true, structuredContent: { code: "peer_not_found" } });
  await client.close();
});

test("[mcp.client.stateless] left to choose, it finds the stateless revision", async () => {
  await using server = await startServer();
  const client = new StatelessClient(identity, { versionNegotiation: { mode: "auto" } });
  await client.connect(new StatelessTransport(server.url));
  expect(client.getNegotiatedProtocolVersion()).toBe("2026-07-28");
  expect(
    (await client.callTool({ name: "send", arguments: { command: message } })).structuredContent,
  ).toEqual(receipt);
  await client.close();
});
