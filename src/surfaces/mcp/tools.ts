import { type McpTool, mcpTools } from "../../generated/mcp.js";
import { operations, type UnaryOperationId } from "../../generated/operations.js";
import type { Call } from "../../kernel/context.js";
import { ContractError, type ErrorDetail } from "../../kernel/contract-error.js";
import type { Dispatch } from "../../kernel/dispatch.js";
import { findFlaw, jsonType } from "../../kernel/json.js";
import { typeDetail } from "../../kernel/validation-details.js";
import { listedTool } from "../../mcp-offer.js";
import { McpFault } from "./fault.js";
import type { McpFeature, McpParams, McpResult } from "./feature.js";
import { refuseCursor } from "./message.js";
import { constantCache } from "./server-info.js";

/** The contract's tools, each an operation behind dispatch. */
export function createTools(dispatch: Dispatch, tools: readonly McpTool[] = mcpTools): McpFeature {
  const byName = new Map(tools.map((tool) => [tool.name, tool]));
  const fields = JSON.stringify({ tools: tools.map(listedTool) }).slice(1, -1);
  return {
    capabilities: { tools: {} },
    methods: {
      "tools/list"(params) {
        refuseCursor(params);
        return { fields, cache: constantCache };
      },
      "tools/call": (params, { call }) => callTool(byName, dispatch, params, call),
    },
  };
}

/** Runs `tools/call`; what the operation refuses is a result too. */
async function callTool(
  tools: ReadonlyMap<string, McpTool>,
  dispatch: Dispatch,
  { name, arguments: args = {} }: McpParams,
  call: Call,
): Promise<McpResult> {
  const tool = typeof name === "string" ? tools.get(name) : undefined;
  if (tool === undefined) {
    const got = typeof name === "string" ? name.slice(0, 64) : jsonType(name);
    const expected = `one of: ${[...tools.keys()].join(", ")}`;
    throw McpFault.params(
      200,
      { field: "name", issue: "invalid_value", expected, got },
      `Unknown tool: ${got}`,
    );
  }
  if (jsonType(args) !== "object") {
    throw McpFault.params(200, typeDetail("arguments", "object", args));
  }
  try {
    const request = unwrap(tool, args as Record<string, unknown>);
    const result = await dispatch.unary(tool.operation as UnaryOperationId, request, call);
    return { fields: content(JSON.stringify(result)) };
  } catch (thrown) {
    const payload = JSON.stringify(ContractError.from(thrown).toPayload(call.requestId));
    return { fields: `${content(payload)},"isError":true` };
  }
}

/** Text for models, structure for programs; both say the same. */
function content(json: string): string {
  return `"content":[{"type":"text","text":${JSON.stringify(json)}}],"structuredContent":${json}`;
}

/** The request inside the tool's arguments. */
function unwrap({ operation, wrap }: McpTool, args: Record<string, unknown>): unknown {
  if (wrap === null) return args;
  const details: ErrorDetail[] = Object.keys(args)
    .filter((key) => key !== wrap)
    .map((key) => ({ field: key, issue: "unknown_field", expected: "absent", got: jsonType(args[key]) }));
  const request = args[wrap];
  // The request itself has no name on other surfaces; here it is a field. What no JSON may hold is reported as everywhere.
  if (jsonType(request) !== "object" && findFlaw(request) === null)
    details.push(typeDetail(wrap, "object", request));
  if (details.length === 0) return request;
  details.sort((a, b) => (a.field < b.field ? -1 : 1));
  throw new ContractError(operations[operation].validationError, { details: details.slice(0, 256) });
}
