import { CONTRACT_DIGEST, CONTRACT_VERSION } from "../../generated/version.js";
import { instructions } from "../../mcp-offer.js";
import type { McpCache, McpResult } from "./feature.js";
import { metaKeys, negotiate, revisions } from "./revisions.js";

/** For what does not change while the daemon runs. */
export const constantCache: McpCache = { ttlMs: 3_600_000, cacheScope: "public" };

/** What the server says of itself, encoded once. */
export interface ServerInfo {
  initialize(requested: string): string;
  readonly discover: McpResult;
  /** A result of the stateless revisions: every one of them also says what it is and who answers. */
  stateless(result: McpResult): string;
}

export function createServerInfo(version: string, capabilities: object): ServerInfo {
  const serverInfo = {
    name: "parley",
    title: "Parley",
    version,
    description: `Contract ${CONTRACT_VERSION}, digest ${CONTRACT_DIGEST}.`,
  };
  const contract = { "parley/contract": CONTRACT_VERSION, "parley/digest": CONTRACT_DIGEST };
  const meta = { ...contract, [metaKeys.serverInfo]: serverInfo };
  const metaJson = JSON.stringify(meta);
  const discover = { supportedVersions: revisions, capabilities, instructions };
  return {
    initialize(requested) {
      const protocolVersion = negotiate(requested);
      return JSON.stringify({ protocolVersion, capabilities, serverInfo, instructions, _meta: contract });
    },
    discover: { fields: JSON.stringify(discover).slice(1, -1), cache: constantCache },
    stateless({ fields, cache, resultType = "complete", meta: more }) {
      const said = more === undefined ? metaJson : JSON.stringify({ ...meta, ...more });
      const hints = cache === undefined ? "" : `,${JSON.stringify(cache).slice(1, -1)}`;
      return `{"resultType":"${resultType}","_meta":${said}${hints}${fields === "" ? "" : ","}${fields}}`;
    },
  };
}
