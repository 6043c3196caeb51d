// The official SDK's MCP server over streamable HTTP with one long session and JSON answers.
// Usage: mcp-sdk.ts <answer of the tool as JSON>
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Server } from "@modelcontextprotocol/sdk/server/index.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { CallToolRequestSchema, ListToolsRequestSchema } from "@modelcontextprotocol/sdk/types.js";

const structuredContent = JSON.parse(process.argv[2]!) as Record<string, unknown>;
const server = new Server({ name: "yardstick", version: "1.0.0" }, { capabilities: { tools: {} } });
server.setRequestHandler(ListToolsRequestSchema, () => ({
  tools: [{ name: "peers", description: "Lists peers.", inputSchema: { type: "object" as const } }],
}));
server.setRequestHandler(CallToolRequestSchema, () => ({
  content: [{ type: "text" as const, text: JSON.stringify(structuredContent) }],
  structuredContent,
}));
const transport = new StreamableHTTPServerTransport({
  sessionIdGenerator: () => randomUUID(),
  enableJsonResponse: true,
});
await server.connect(transport as Parameters<typeof server.connect>[0]);
const http = createServer((request, response) => void transport.handleRequest(request, response));
http.listen(0, "127.0.0.1", () => process.send!({ port: (http.address() as AddressInfo).port }));
process.on("SIGTERM", () => process.exit());
