import { isGranted } from "../../../kernel/authorise.js";
import { defaultSession, type Principal } from "../../../kernel/context.js";

/** Whether the principal may make a session of this name: `user-<principal>` belongs to that principal. */
export function mayCreate(principal: Principal | null, name: string): boolean {
  if (principal === null) return false;
  return isGranted(principal, name) || !name.startsWith("user-") || name === defaultSession(principal);
}

/** The name, or the part of it to which the principal may add any ending and make a session of that name. */
export function creatableBase({ kind, sessions }: Principal, name: string): string {
  return kind === "local" || sessions.includes("*") ? name : name.replace(/^(?:user-)+/, "");
}
