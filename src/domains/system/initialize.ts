import { rpcMethods } from "../../generated/rpc.js";
import { CONTRACT_DIGEST, CONTRACT_VERSION } from "../../generated/version.js";
import { ContractError } from "../../kernel/contract-error.js";
import type { UnaryHandler } from "../../kernel/handlers.js";
import { connectionLimits } from "../../kernel/limits.js";
import type { SystemPorts } from "./ports.js";

const methods = Object.keys(rpcMethods).sort();

/** Callable without a scope, but never without credentials: what it answers names the principal. */
export function initialize(ports: SystemPorts): UnaryHandler<"system.initialize"> {
  return async (request, context) => {
    const { principal } = context;
    if (principal === null) throw new ContractError("unauthenticated");
    const session = request.session ?? context.session;
    ports.requireSession(principal, session);
    return {
      server: { name: "parley", version: ports.version },
      contract: CONTRACT_VERSION,
      digest: CONTRACT_DIGEST,
      principal: principal.name,
      session,
      scopes: [...principal.scopes].sort(),
      methods,
      limits: {
        frame_bytes: connectionLimits.frameBytes,
        in_flight: connectionLimits.inFlight,
        streams: connectionLimits.streams,
        batch: connectionLimits.batch,
      },
    };
  };
}
