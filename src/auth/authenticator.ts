import { type Scope, scopes } from "../generated/operations.js";
import {
  type Authenticator,
  type Caller,
  type PageSession,
  pageKeyHeader,
} from "../kernel/authentication.js";
import type { Principal } from "../kernel/context.js";
import { ContractError } from "../kernel/contract-error.js";
import { localName } from "../kernel/principal.js";
import { type HostRules, originProblem } from "./hosts.js";

export interface AuthenticatorOptions {
  tokens: { verify(bearer: string): Principal | null };
  browser: {
    verify(cookieHeader: string | undefined, pageKey: string | undefined): Principal | null;
    unproven(cookieHeader: string | undefined): PageSession | null;
  };
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
    authenticate(request, transport) {
      const { authorization, cookie, [pageKeyHeader]: pageKey } = request.headers;
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
      if (cookie === undefined || typeof pageKey !== "string" || !isOwnPage(request)) return null;
      return browser.verify(cookie, pageKey);
    },
    unproven({ headers: { cookie, origin } }, transport) {
      // Browsers send an Origin with every WebSocket, and `admit` has checked it.
      return transport === "unix" || cookie === undefined || origin === undefined
        ? null
        : browser.unproven(cookie);
    },
  };
}

/**
 * Whether a browser states that the request comes from a page of this origin. `admit` has checked an Origin that is
 * there; with GET and HEAD browsers send none to the page's own origin, and Sec-Fetch-Site instead.
 */
function isOwnPage({ method, headers }: Caller): boolean {
  if (headers.origin !== undefined) return true;
  return (method === "GET" || method === "HEAD") && headers["sec-fetch-site"] === "same-origin";
}

const bearerPattern = /^bearer +([^\s]{1,512})$/i;
