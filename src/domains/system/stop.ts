import type { UnaryHandler } from "../../kernel/handlers.js";
import type { SystemPorts } from "./ports.js";

export function stop(ports: SystemPorts): UnaryHandler<"system.stop"> {
  return async () => {
    ports.stop();
    return { stopping: true };
  };
}
