import type { UnaryHandler } from "../../kernel/handlers.js";
import type { SystemPorts } from "./ports.js";

export function revokeToken(ports: SystemPorts): UnaryHandler<"system.revoke_token"> {
  return async (request) => {
    await ports.tokens.revoke(request.token_id);
    return { revoked: true };
  };
}
