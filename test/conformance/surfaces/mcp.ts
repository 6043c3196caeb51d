import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { mcpTools } from "../../../src/generated/mcp.js";
import type { TestDaemon } from "../../support/daemon.js";
import { type ErrorShape, errorShape, type Surface } from "../surface.js";

/** MCP through the official client. */
export function mcpSurface(daemon: TestDaemon): Surface {
  const clients = new Map<string, Promise<Client>>();
  const connect = async (session: string, token: string): Promise<Client> => {
    const client = new Client({ name: "vectors", version: "1.0.0" });
    const headers = {
      authorization: `Bearer ${token}`,
      ...(session === "" ? {} : { "parley-session": session }),
    };
    await client.connect(
      new StreamableHTTPClientTransport(new URL(`${daemon.address}/mcp`), {
        requestInit: { headers },
      }) as Parameters<typeof client.connect>[0],
    );
    return client;
  };
  return {
    name: "mcp",
    async call(operation, request, session = "", token = daemon.token) {
      const tool = mcpTools.find((candidate) => candidate.operation === operation)!;
      const key = `${session} ${token}`;
      const pending = clients.get(key) ?? connect(session, token);
      clients.set(key, pending);
      const args = (tool.wrap === null ? request : { [tool.wrap]: request }) as Record<string, unknown>;
      const result = await (await pending).callTool({ name: tool.name, arguments: args });
      return result.isError
        ? { error: named(errorShape(result.structuredContent), tool.wrap) }
        : { response: result.structuredContent };
    },
    async close() {
      for (const client of clients.values()) await (await client).close();
    },
  };
}

/** The whole request is a field of the arguments here; on the other surfaces it has no name. */
function named(error: ErrorShape, wrap: string | null): ErrorShape {
  const [first] = error.details;
  if (wrap === null || first?.field !== wrap || first.issue !== "wrong_type") return error;
  return { ...error, details: [{ ...first, field: "" }] };
}
