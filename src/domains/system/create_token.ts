import type { UnaryHandler } from "../../kernel/handlers.js";
import type { SystemPorts } from "./ports.js";

export function createToken(ports: SystemPorts): UnaryHandler<"system.create_token"> {
  return (request) =>
    ports.tokens.create({
      name: request.name,
      scopes: request.scopes,
      sessions: request.sessions ?? [],
      ...(request.ttl_ms === undefined ? {} : { ttlMs: request.ttl_ms }),
    });
}
