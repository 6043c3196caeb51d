/** Revisions that open with `initialize`, newest first. */
export const sessionRevisions: readonly string[] = ["2025-11-25", "2025-06-18", "2025-03-26"];

/** Revisions in which every request says by itself which one it speaks, newest first. */
export const statelessRevisions: readonly string[] = ["2026-07-28"];

/** Every revision that this surface speaks, newest first. */
export const revisions: readonly string[] = [...statelessRevisions, ...sessionRevisions];

/** What a request without the version header speaks, and the only revision that has batches. */
export const batchRevision = "2025-03-26";

/** The revision of a session that asked for `requested`: that one if we speak it, else our newest. */
export function negotiate(requested: string): string {
  return sessionRevisions.includes(requested) ? requested : sessionRevisions[0]!;
}

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
