import { type Scope, scopes } from "../generated/operations.js";
import type { Authenticator } from "../kernel/authentication.js";
import type { Principal } from "../kernel/context.js";
import { ContractError } from "../kernel/contract-error.js";
import { localName } from "../kernel/principal.js";
import { type HostRules, originProblem } from "./hosts.js";

export interface AuthenticatorOptions {
  tokens: { verify(bearer: string): Principal | null };
  browser: { verify(cookieHeader: string | undefined): Principal | null };
  hosts: HostRules;
}

/** The user at his own unix socket: may do everything, for as long as the daemon runs. */
export const localPrincipal: Principal = {
  name: localName,
  kind: "local",
  scopes: new Set<Scope>(scopes),
  sessions: ["*"],
  ended: new AbortController().signal,
};

/** Admits and recognises callers of all HTTP surfaces and upgrades. */
export function createAuthenticator({ tokens, browser, hosts }: AuthenticatorOptions): Authenticator {
  // Programs send the same Host with every request and no Origin.
  let knownHost: string | undefined;
  return {
    admit(headers, transport, rule) {
      const { host, origin } = headers;
      const isKnown = host !== undefined && host === knownHost && origin === undefined && rule !== "require";
      if (isKnown || transport === "unix") {
        return;
      }
      const problem = originProblem(headers, hosts, rule);
      knownHost = problem === null ? host : knownHost;
      if (problem !== null) {
        const { field, expected, got } = problem;
        throw new ContractError("origin_denied", {
          details: [{ field, issue: "invalid_value", expected, got: got.slice(0, 64) }],
        });
      }
    },
    authenticate(headers, transport) {
      const { authorization } = headers;
      if (authorization !== undefined) {
        const bearer = authorization.startsWith("Bearer ")
          ? authorization.slice(7)
          : bearerPattern.exec(authorization)?.[1];
        const principal = bearer === undefined ? null : tokens.verify(bearer);
        if (principal === null) {
          throw new ContractError("unauthenticated");
        }
        return principal;
      }
      if (transport === "unix") {
        return localPrincipal;
      }
      // Pages on other ports of the same host get the cookie sent along by their browser: it counts only for our own.
      const site = headers["sec-fetch-site"];
      const own = site === undefined || site === "same-origin" || site === "none";
      return own && headers.cookie !== undefined ? browser.verify(headers.cookie) : null;
    },
  };
}

const bearerPattern = /^bearer +([^\s]{1,512})$/i;
