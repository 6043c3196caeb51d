import { defaultSession, type Principal } from "../../kernel/context.js";

/** Whether the principal may see and hold the session: its own, one that its credentials name, or any. */
export function mayUse(principal: Principal | null, session: { name: string; principal: string }): boolean {
  if (principal === null) return false;
  return (
    principal.kind === "local" ||
    session.principal === principal.name ||
    principal.sessions.includes("*") ||
    principal.sessions.includes(session.name)
  );
}

/** Whether the principal may make a session of this name: `user-<principal>` belongs to that principal. */
export function mayCreate(principal: Principal | null, name: string): boolean {
  if (principal === null) return false;
  return (
    principal.kind === "local" ||
    !name.startsWith("user-") ||
    name === defaultSession(principal) ||
    principal.sessions.includes("*") ||
    principal.sessions.includes(name)
  );
}
