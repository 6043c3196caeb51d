import type { UnaryHandler } from "../../kernel/handlers.js";
import type { SystemPorts } from "./ports.js";

export function rotateToken(ports: SystemPorts): UnaryHandler<"system.rotate_token"> {
  return (request) => ports.tokens.rotate(request.token_id, request.overlap_ms);
}
