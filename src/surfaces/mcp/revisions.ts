export { negotiate, revisions, sessionRevisions, statelessRevisions } from "../../mcp-offer.js";

/** What a request without the version header speaks, and the only revision that has batches. */
export const batchRevision = "2025-03-26";

/** Error codes of MCP's own, defined by its specification. */
export const mcpErrors = {
  headerMismatch: -32020,
  unsupportedVersion: -32022,
  /** Only in the revisions with sessions. */
  resourceNotFound: -32002,
} as const;

/** Keys of `_meta` that MCP reserves. */
export const metaKeys = {
  protocolVersion: "io.modelcontextprotocol/protocolVersion",
  clientCapabilities: "io.modelcontextprotocol/clientCapabilities",
  subscriptionId: "io.modelcontextprotocol/subscriptionId",
  serverInfo: "io.modelcontextprotocol/serverInfo",
} as const;
