import type { OperationSpec, Scope } from "../generated/operations.js";
import { defaultSession, type Principal } from "./context.js";
import { ContractError } from "./contract-error.js";

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

/** Tells whether the session belongs to the principal; only asked when the credentials alone do not allow it. */
export type SessionOwnership = (principal: Principal, session: string) => boolean;

const namePattern = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** Throws `permission_denied` unless the principal may act as the session, `invalid_request` when it is no name at all. */
export function requireSession(principal: Principal, session: string, owns: SessionOwnership): void {
  if (session === defaultSession(principal)) {
    return;
  }
  if (!namePattern.test(session)) {
    throw new ContractError("invalid_request", {
      details: [
        { field: "session", issue: "pattern", expected: `a match of ${namePattern.source}`, got: "string" },
      ],
    });
  }
  if (principal.sessions.includes("*") || principal.sessions.includes(session) || owns(principal, session)) {
    return;
  }
  throw new ContractError("permission_denied", {
    details: [
      { field: "session", issue: "invalid_value", expected: defaultSession(principal), got: session },
    ],
  });
}
