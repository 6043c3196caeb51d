import type { IncomingHttpHeaders } from "node:http";
import { describe, expect, test } from "vitest";
import type { Principal } from "../kernel/context.js";
import type { ContractError } from "../kernel/contract-error.js";
import { createAuthenticator, localPrincipal } from "./authenticator.js";

const named = (name: string): Principal => ({ ...localPrincipal, name });
const auth = createAuthenticator({
  tokens: { verify: (bearer) => (bearer === "good" ? named("token") : null) },
  browser: { verify: (cookie) => (cookie === "good" ? named("console") : null) },
  hosts: { allowedHosts: [], allowedOrigins: [] },
});

function who(headers: IncomingHttpHeaders, transport: "unix" | "tcp"): string {
  try {
    return auth.authenticate(headers, transport)?.name ?? "nobody";
  } catch (thrown) {
    return (thrown as ContractError).code;
  }
}

describe("who is calling", () => {
  test.each<[string, IncomingHttpHeaders, string, string]>([
    ["nothing", {}, "nobody", "local"],
    ["a good token", { authorization: "Bearer good" }, "token", "token"],
    ["the scheme in other letters", { authorization: "bearer good" }, "token", "token"],
    ["a bad token", { authorization: "Bearer bad" }, "unauthenticated", "unauthenticated"],
    ["another scheme", { authorization: "Basic good" }, "unauthenticated", "unauthenticated"],
    ["an empty header", { authorization: "" }, "unauthenticated", "unauthenticated"],
    ["a good cookie", { cookie: "good" }, "console", "local"],
    ["a stale cookie", { cookie: "bad" }, "nobody", "local"],
    ["a token beats a cookie", { authorization: "Bearer good", cookie: "good" }, "token", "token"],
    [
      "a bad token is not helped by a cookie",
      { authorization: "Bearer bad", cookie: "good" },
      "unauthenticated",
      "unauthenticated",
    ],
    ["a cookie from the own page", { cookie: "good", "sec-fetch-site": "same-origin" }, "console", "local"],
    ["a cookie from the address bar", { cookie: "good", "sec-fetch-site": "none" }, "console", "local"],
    ["a cookie from another port", { cookie: "good", "sec-fetch-site": "same-site" }, "nobody", "local"],
    ["a cookie from another site", { cookie: "good", "sec-fetch-site": "cross-site" }, "nobody", "local"],
  ])("[auth.credentials] %s", (_name, headers, overTcp, overUnix) => {
    expect(who(headers, "tcp")).toBe(overTcp);
    expect(who(headers, "unix")).toBe(overUnix);
  });
});

describe("who may talk at all", () => {
  test("[auth.origin] the unix socket has no Host to check; TCP says which header is wrong", () => {
    expect(() => auth.admit({}, "unix", "require")).not.toThrow();
    expect(() => auth.admit({ host: "localhost" }, "tcp")).not.toThrow();
    expect(() => auth.admit({ host: "attacker.test" }, "tcp")).toThrow(
      expect.objectContaining({
        code: "origin_denied",
        details: [
          {
            field: "host",
            issue: "invalid_value",
            expected: "a loopback name or one of allowed_hosts",
            got: "attacker.test",
          },
        ],
      }),
    );
  });
});
