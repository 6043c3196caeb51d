import { mcpTools } from "../generated/mcp.js";
import { CONTRACT_DIGEST, CONTRACT_VERSION } from "../generated/version.js";
import { instructions, listedTool, negotiate, revisions } from "../mcp-offer.js";
import { PACKAGE_VERSION } from "../package-version.js";
import type { Message } from "./mcp-message.js";

const protocolVersionKey = "io.modelcontextprotocol/protocolVersion";
const contract = { "parley/contract": CONTRACT_VERSION, "parley/digest": CONTRACT_DIGEST };
const serverInfo = {
  name: "parley",
  title: "Parley",
  version: PACKAGE_VERSION,
  description: `Contract ${CONTRACT_VERSION}, digest ${CONTRACT_DIGEST}.`,
};
/** The bridge reports changes itself: after an outage another daemon may offer other tools. */
const changes = { listChanged: true };
const capabilities = { tools: changes, resources: { subscribe: true, ...changes } };

/** Methods that a client calls once, when it starts: they are answered also while there is no daemon. */
export const setupMethods: ReadonlySet<unknown> = new Set([
  "initialize",
  "server/discover",
  "tools/list",
  "ping",
]);

export function isStateless({ method, params }: Message): boolean {
  return method === "server/discover" || params?._meta?.[protocolVersionKey] !== undefined;
}

/** The answer to a setup method in the daemon's place. */
export function localAnswer(message: Message, problem: string): string {
  const { id, method, params } = message;
  const result = (): object => {
    if (method === "initialize") {
      const asked = (params as { protocolVersion?: unknown } | undefined)?.protocolVersion;
      const protocolVersion = negotiate(String(asked));
      return {
        protocolVersion,
        capabilities,
        serverInfo,
        instructions: withNotice(problem),
        _meta: contract,
      };
    }
    const offered =
      method === "server/discover"
        ? { supportedVersions: revisions, capabilities, instructions: withNotice(problem) }
        : method === "tools/list"
          ? { tools: mcpTools.map(listedTool) }
          : {};
    // Another daemon may come at any time, so that nothing may be kept.
    const fresh = method === "ping" ? {} : { ttlMs: 0, cacheScope: "private" };
    return isStateless(message) ? { ...statelessFields(), ...fresh, ...offered } : offered;
  };
  return JSON.stringify({ jsonrpc: "2.0", id, result: result() });
}

/** A tool's failure as its result, which models see; errors of the protocol often reach only their client. */
export function toolFailure(message: Message, payload: object): string {
  const result = {
    ...(isStateless(message) ? statelessFields() : {}),
    content: [{ type: "text", text: JSON.stringify(payload) }],
    structuredContent: payload,
    isError: true,
  };
  return JSON.stringify({ jsonrpc: "2.0", id: message.id, result });
}

/** The daemon's answer to `initialize` or `server/discover`, with what the bridge adds. */
export function introduced(text: string, notice: string | undefined): string {
  const answer = JSON.parse(text) as {
    result?: { capabilities?: Record<string, object>; instructions?: string };
  };
  if (answer.result === undefined) return text;
  const { result } = answer;
  for (const kind of Object.keys(capabilities))
    if (result.capabilities?.[kind] !== undefined)
      result.capabilities[kind] = { ...result.capabilities[kind], ...changes };
  if (notice !== undefined) result.instructions = `${notice} ${result.instructions ?? ""}`;
  return JSON.stringify(answer);
}

/** A tool's result with a text that the agent must learn. */
export function noted(text: string, notice: string): string {
  const answer = JSON.parse(text) as { result?: { content?: unknown[] } };
  if (!Array.isArray(answer.result?.content)) return text;
  answer.result.content.push({ type: "text", text: notice });
  return JSON.stringify(answer);
}

function withNotice(problem: string): string {
  return `${problem} Until this is settled, each call fails and reports it. ${instructions}`;
}

function statelessFields(): object {
  return {
    resultType: "complete",
    _meta: { ...contract, "io.modelcontextprotocol/serverInfo": serverInfo },
  };
}
