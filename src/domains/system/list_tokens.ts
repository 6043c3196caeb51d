import type { UnaryHandler } from "../../kernel/handlers.js";
import type { SystemPorts } from "./ports.js";

export function listTokens(ports: SystemPorts): UnaryHandler<"system.list_tokens"> {
  return async () => ({ tokens: await ports.tokens.list() });
}
