import type { IncomingHttpHeaders } from "node:http";
import type { RpcMessage } from "../json-rpc.js";
import { McpFault } from "./fault.js";

/** The HTTP side of a message. */
export interface McpHttp {
  readonly headers: IncomingHttpHeaders;
  /**
   * Whether the headers must repeat what the body says. That is for whoever reads only headers on the way; nobody is
   * on the way of the unix socket, where the stdio bridge passes messages on that never had headers.
   */
  readonly mirrored: boolean;
}

/** The header that names the revision. */
export const versionHeader = "mcp-protocol-version";

/** The header of a client's session, in the revisions that have sessions. */
export const sessionHeader = "mcp-session-id";

/** What `Mcp-Name` repeats, by method. */
const nameField: Readonly<Record<string, "name" | "uri" | undefined>> = {
  "tools/call": "name",
  "prompts/get": "name",
  "resources/read": "uri",
};

/** Throws when a header contradicts the body, or is missing where it must mirror it. */
export function checkMirrored(http: McpHttp, version: string, { method, params }: RpcMessage): void {
  check(http, versionHeader, version);
  check(http, "mcp-method", method);
  const named = nameField[method];
  if (named !== undefined) check(http, "mcp-name", String((params as Record<string, unknown>)[named]));
}

function check({ headers, mirrored }: McpHttp, name: string, expected: string): void {
  const value = headers[name];
  const got = typeof value === "string" ? decode(value) : undefined;
  if (got === expected || (got === undefined && !mirrored)) return;
  throw McpFault.headerMismatch(name, got, expected);
}

const encoded = /^=\?base64\?([A-Za-z0-9+/]*={0,2})\?=$/;

/** What does not fit into a header as it is travels as base64 between markers. */
function decode(value: string): string {
  const match = encoded.exec(value);
  return match === null ? value : Buffer.from(match[1]!, "base64").toString("utf8");
}
