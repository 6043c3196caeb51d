import { cliCommands } from "../../src/generated/cli.js";
import { mcpTools } from "../../src/generated/mcp.js";
import { type OperationId, operations } from "../../src/generated/operations.js";
import { restRoutes } from "../../src/generated/rest.js";

export type SurfaceName = "rest" | "rpc" | "mcp" | "cli" | "ts" | "py";

type Form = (operation: OperationId, request: unknown) => boolean;

const isStructured = (request: unknown): boolean => typeof request === "object" && request !== null;
const isObject = (request: unknown): boolean => isStructured(request) && !Array.isArray(request);

/** JSON-RPC has no form for params that are no object or array; `initialize` belongs to the connection. */
const sdk: Form = (operation, request) => operations[operation].rpc !== "initialize" && isStructured(request);

/** Whether the contract gives the operation a form on the surface, and the request can be said there at all. */
export const hasForm: Readonly<Record<SurfaceName, Form>> = {
  rest(operation, request) {
    const route = restRoutes.find((candidate) => candidate.operation === operation);
    if (route === undefined || (route.in === "query" && !isObject(request))) return false;
    const fields = (request ?? {}) as Record<string, unknown>;
    return route.pathFields.every((field) => typeof fields[field] === "string" && fields[field] !== "");
  },
  rpc: (operation, request) => operations[operation].rpc !== null && isStructured(request),
  mcp(operation, request) {
    const tool = mcpTools.find((candidate) => candidate.operation === operation);
    return tool !== undefined && (tool.wrap !== null || isObject(request));
  },
  cli(operation, request) {
    const command = cliCommands.find((candidate) => candidate.operation === operation);
    const generic = operations[operation].kind === "unary" && command?.command !== "console";
    return command !== undefined && generic && isStructured(request);
  },
  ts: sdk,
  py: sdk,
};
