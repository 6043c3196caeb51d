import { CONTRACT_DIGEST, CONTRACT_VERSION } from "../../generated/version.js";
import type { UnaryHandler } from "../../kernel/handlers.js";
import type { SystemPorts } from "./ports.js";

export function version(ports: SystemPorts): UnaryHandler<"system.version"> {
  return async () => ({
    name: "parley",
    version: ports.version,
    contract: CONTRACT_VERSION,
    digest: CONTRACT_DIGEST,
  });
}
