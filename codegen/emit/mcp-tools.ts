import type { Contract, OutputFile } from "../contract.js";
import { mcpTools } from "./server-mcp.js";

/** `schemas/dist/mcp-tools.json`: the tools of the MCP server at `/mcp`. */
export function emitMcpTools(contract: Contract): OutputFile[] {
  const tools = (mcpTools(contract) as Record<string, unknown>[]).map((tool) => ({
    name: tool.name,
    description: tool.description,
    inputSchema: tool.inputSchema,
    outputSchema: tool.outputSchema,
    "x-operation": tool.operation,
  }));
  const document = { "x-contract": contract.version, "x-digest": contract.digest.slice(0, 16), tools };
  return [{ path: "schemas/dist/mcp-tools.json", text: `${JSON.stringify(document, null, 2)}\n` }];
}
