import type { UnaryHandler } from "../../kernel/handlers.js";
import type { SystemPorts } from "./ports.js";

export function status(ports: SystemPorts): UnaryHandler<"system.status"> {
  return () => ports.status();
}
