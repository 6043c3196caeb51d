import type { IncomingHttpHeaders } from "node:http";
import { describe, expect, test } from "vitest";
import type { Principal } from "../kernel/context.js";
import type { ContractError } from "../kernel/contract-error.js";
import { createAuthenticator, localPrincipal } from "./authenticator.js";

const named = (name: string): Principal => ({ ...localPrincipal, name });
const auth = createAuthenticator({
  tokens: { verify: (bearer) => (bearer === "good" ? named("token") : null) },
  browser: {
    verify: (cookie, pageKey) => (cookie === "good" && pageKey === "key" ? named("console") : null),
    unproven: (cookie) =>
      cookie === "good" ? { prove: () => named("console"), answer: () => "proof" } : null,
  },
  hosts: { allowedHosts: [], allowedOrigins: [] },
});

function who(headers: IncomingHttpHeaders, transport: "unix" | "tcp", method = "GET"): string {
  try {
    return auth.authenticate({ headers, method }, transport)?.name ?? "none";
  } catch (thrown) {
    return (thrown as ContractError).code;
  }
}

const page = { cookie: "good", "parley-page-key": "key" };
const origin = "http://127.0.0.1:7433";

describe("who is calling", () => {
  test.each<[string, IncomingHttpHeaders, string, string]>([
    ["nothing", {}, "none", "local"],
    ["a good token", { authorization: "Bearer good" }, "token", "token"],
    ["the scheme in other letters", { authorization: "bearer good" }, "token", "token"],
    ["a bad token", { authorization: "Bearer bad" }, "unauthenticated", "unauthenticated"],
    ["another scheme", { authorization: "Basic good" }, "unauthenticated", "unauthenticated"],
    ["an empty header", { authorization: "" }, "unauthenticated", "unauthenticated"],
    ["a stale cookie", { cookie: "bad", origin }, "none", "local"],
    ["a token beats a cookie", { authorization: "Bearer good", ...page, origin }, "token", "token"],
    [
      "a bad token is not helped by a cookie",
      { authorization: "Bearer bad", ...page, origin },
      "unauthenticated",
      "unauthenticated",
    ],
  ])("[auth.credentials] %s", (_name, headers, overTcp, overUnix) => {
    expect(who(headers, "tcp")).toBe(overTcp);
    expect(who(headers, "unix")).toBe(overUnix);
  });

  test.each<[string, IncomingHttpHeaders, get: string, post: string]>([
    ["cookie, page key and Origin", { ...page, origin }, "console", "console"],
    [
      "cookie and page key from the own page",
      { ...page, "sec-fetch-site": "same-origin" },
      "console",
      "none",
    ],
    ["cookie and page key from the address bar", { ...page, "sec-fetch-site": "none" }, "none", "none"],
    ["cookie and page key from another port", { ...page, "sec-fetch-site": "same-site" }, "none", "none"],
    ["cookie and page key without an Origin", page, "none", "none"],
    ["cookie and Origin", { cookie: "good", origin }, "none", "none"],
    [
      "cookie and Origin of the own page",
      { cookie: "good", origin, "sec-fetch-site": "same-origin" },
      "none",
      "none",
    ],
    ["page key and Origin", { "parley-page-key": "key", origin }, "none", "none"],
    ["cookie, wrong page key and Origin", { ...page, "parley-page-key": "good", origin }, "none", "none"],
  ])("[trust.page-key] %s", (_name, headers, get, post) => {
    expect(who(headers, "tcp", "GET")).toBe(get);
    expect(who(headers, "tcp", "HEAD")).toBe(get);
    expect(who(headers, "tcp", "POST")).toBe(post);
  });

  test.each<[string, IncomingHttpHeaders, boolean]>([
    ["a cookie and an Origin may be proven", { cookie: "good", origin }, true],
    ["a cookie without an Origin is no page's", { cookie: "good" }, false],
    ["a stale cookie", { cookie: "bad", origin }, false],
    ["no cookie", { origin }, false],
  ])("[trust.first-frame] a WebSocket's upgrade: %s", (_name, headers, expected) => {
    expect(auth.unproven({ headers }, "tcp") !== null).toBe(expected);
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
