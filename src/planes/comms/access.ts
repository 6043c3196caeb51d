import type { Principal } from "../../kernel/context.js";
import type { DirectorySession } from "./ports.js";

/** Whether the session is the principal's to read and to feed: its own, one that its credentials name, or any. */
export function mayUse(principal: Principal, session: DirectorySession): boolean {
  return (
    principal.kind === "local" ||
    session.principal === principal.name ||
    principal.sessions.includes("*") ||
    principal.sessions.includes(session.name)
  );
}
