import { isGranted } from "../../kernel/authorise.js";
import { defaultSession, type Principal } from "../../kernel/context.js";

/** Whether the principal may make a session of this name: `user-<principal>` belongs to that principal. */
export function mayCreate(principal: Principal | null, name: string): boolean {
  if (principal === null) return false;
  return isGranted(principal, name) || !name.startsWith("user-") || name === defaultSession(principal);
}
