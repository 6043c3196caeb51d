import type { OperationSpec, Scope } from "../generated/operations.js";
import { defaultSession, type Principal } from "./context.js";
import { ContractError } from "./contract-error.js";
import { namePattern, patternDetail } from "./pattern-rules.js";
import { type PrincipalId, samePrincipal } from "./principal.js";

/** Throws `unauthenticated` when the operation needs credentials and there are none; cheap enough to come before a body is read. */
export function requireCredentials(spec: Pick<OperationSpec, "scope">, principal: Principal | null): void {
  if (spec.scope !== null && principal === null) {
    throw new ContractError("unauthenticated");
  }
}

/** Throws `permission_denied` naming the scope that is missing. */
export function requireScope(scope: string | null, principal: Principal | null): void {
  if (scope === null) {
    return;
  }
  if (principal === null) {
    throw new ContractError("unauthenticated");
  }
  if (!principal.scopes.has(scope as Scope)) {
    throw new ContractError("permission_denied", {
      details: [
        {
          field: "scope",
          issue: "missing_field",
          expected: scope,
          got: [...principal.scopes].sort().join(" ") || "none",
        },
      ],
    });
  }
}

/** Whether the principal may see, hold and feed the session: its own, one that its credentials name, or any. */
export function mayUse(
  principal: Principal | null,
  session: { name: string; principal: PrincipalId },
): boolean {
  if (principal === null) return false;
  return isGranted(principal, session.name) || samePrincipal(session.principal, principal);
}

/** Whether the credentials name the session, whoever made it. */
export function isGranted({ kind, sessions }: Principal, session: string): boolean {
  return kind === "local" || sessions.includes("*") || sessions.includes(session);
}

/** The principal whose session has the name; undefined when there is no such session. */
export type SessionOwner = (session: string) => PrincipalId | undefined;

const nameExpression = new RegExp(namePattern, "u");

/** Throws `permission_denied` unless the principal may act as the session, `invalid_request` when it is no name at all. */
export function requireSession(principal: Principal, session: string, ownerOf: SessionOwner): void {
  const own = defaultSession(principal);
  if (session !== own && !nameExpression.test(session))
    throw new ContractError("invalid_request", { details: [patternDetail("session", namePattern, session)] });
  if (isGranted(principal, session)) return;
  const owner = ownerOf(session);
  if (owner === undefined ? session === own : samePrincipal(owner, principal)) return;
  const expected = session === own ? "a session that no other principal has opened" : own;
  throw new ContractError("permission_denied", {
    details: [{ field: "session", issue: "invalid_value", expected, got: session }],
  });
}
