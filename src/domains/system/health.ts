import type { UnaryHandler } from "../../kernel/handlers.js";
import type { SystemPorts } from "./ports.js";

export function health(ports: SystemPorts): UnaryHandler<"system.health"> {
  return async () => ({ status: ports.health(), version: ports.version });
}
