import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { SimulatedClock } from "../../../test/support/simulated-clock.js";
import { BrowserSessions } from "../../auth/browser-sessions.js";
import { createProve, createSignIn, createSignOut } from "../../domains/system/routes/console/sign-in.js";
import { createStaticFiles } from "../../domains/system/routes/console/static-files.js";
import { createExplorer } from "../../domains/system/routes/docs/explorer.js";
import { createOpenapiDocument } from "../../domains/system/routes/docs/openapi-document.js";
import { createMetricsPage } from "../../domains/system/routes/metrics/metrics-page.js";
import { errors } from "../../generated/errors.js";
import { type RawRoute, rawRoutes } from "../../generated/raw.js";
import { systemClock } from "../../kernel/clock.js";
import { systemIds } from "../../kernel/ids.js";
import { silentLogger } from "../../kernel/logger.js";
import type { RawCall } from "../../kernel/raw.js";
import { openMemory } from "../../storage/memory/open-memory.js";
import { requireMediaType } from "../http/body.js";
import { startRest } from "./_fixture.js";
import { serveRaw } from "./serve-raw.js";

const bare = { authorization: undefined };

describe("what a byte route's declaration demands", () => {
  const rawHandlers = {
    "system.metrics": createMetricsPage({
      contentType: "text/plain; version=0.0.4",
      text: async () => "up 1\n",
    }),
    "system.mcp": (_request: unknown, response: { end(text: string): void }) => response.end("mcp"),
    "system.rpc": () => Promise.reject(new Error("a secret cause")),
  } as never;

  test.each([
    ["a scope, nobody", "GET", "/metrics", bare, 401, "unauthenticated"],
    [
      "a scope, a token without it",
      "GET",
      "/metrics",
      { authorization: "Bearer reader" },
      403,
      "permission_denied",
    ],
    ["a scope, a token with it", "GET", "/metrics", {}, 200, undefined],
    ["credentials, nobody", "POST", "/mcp", bare, 401, "unauthenticated"],
    ["credentials, any token", "POST", "/mcp", { authorization: "Bearer none" }, 200, undefined],
    ["its methods", "PUT", "/mcp", {}, 405, "method_not_allowed"],
    ["nothing for a route that nobody serves", "GET", "/openapi.yaml", {}, 404, "route_not_found"],
    ["a typed error for a handler that fails", "POST", "/rpc", {}, 500, "internal"],
    ["the contract check", "POST", "/mcp", { "parley-contract": "0.9.0" }, 412, "contract_mismatch"],
  ])("[rest.raw] %s", async (_name, method, path, headers, status, code) => {
    await using it = await startRest({ rawHandlers });
    const answer = await it.send(method, path, { headers });
    expect({ status: answer.status, code: answer.json?.code }).toEqual({ status, code });
    expect(answer.text).not.toContain("secret");
  });

  test("[rest.metrics] the configuration may open the metrics, and them alone", async () => {
    await using it = await startRest({ rawHandlers, opened: ["server.open_metrics"] });
    const answer = await it.send("GET", "/metrics", { headers: bare });
    expect(answer).toMatchObject({
      status: 200,
      text: "up 1\n",
      headers: { "content-type": "text/plain; version=0.0.4" },
    });
    expect((await it.send("POST", "/mcp", { headers: bare })).status).toBe(401);
  });
});

describe("[house.byte-routes] what a byte route declares of bodies and callers", () => {
  const rawHandlers = {
    "system.sign_in": async (_request: unknown, response: { end(text: string): void }, call: RawCall) =>
      response.end(String((await call.readBody()).length)),
    "system.mcp": (_request: unknown, response: { end(text: string): void }) => response.end("mcp"),
  } as never;

  test.each([
    ["the declared type", "application/json; charset=utf-8", 2, 200, undefined],
    ["another type", "text/plain", 2, 415, "unsupported_media_type"],
    ["no type", undefined, 2, 415, "unsupported_media_type"],
    ["the declared limit", "application/json", 4096, 200, undefined],
    ["more than the declared limit", "application/json", 4097, 413, "payload_too_large"],
  ])("%s", async (_name, type, length, status, code) => {
    await using it = await startRest({ rawHandlers });
    const headers = { ...bare, origin: it.listeners.address, "content-type": type };
    const answer = await it.send("POST", "/auth/sign-in", { headers, body: "1".repeat(length) });
    expect({ status: answer.status, code: answer.json?.code }).toEqual({ status, code });
  });

  test("a kind of principal that the route does not name is refused", async () => {
    const route = rawRoutes.find(({ id }) => id === "system.mcp")!;
    const principal = { kind: "token", name: "t", scopes: new Set(), sessions: [] };
    const statusFor = async (credentials: RawRoute["credentials"]): Promise<number> => {
      const serve = serveRaw({ ...route, credentials }, (_, response) => void response.end(), {
        ambient: { clock: systemClock, ids: systemIds(systemClock), log: silentLogger },
        auth: { admit: () => undefined, authenticate: () => principal as never, unproven: () => null },
        limits: { bodyBytes: 1024 },
      });
      await using server = createServer((request, response) => serve(request, response, {}));
      await once(server.listen(0, "127.0.0.1"), "listening");
      const { port } = server.address() as AddressInfo;
      const answer = await fetch(`http://127.0.0.1:${port}/mcp`, { headers: { connection: "close" } });
      return answer.status;
    };
    expect([await statusFor(["local", "browser"]), await statusFor(["token"])]).toEqual([401, 200]);
  });

  test("media types of a route with several, by their essence and by wildcard", () => {
    const takes = (type: string | undefined, types: string[]): boolean => {
      try {
        requireMediaType({ headers: { "content-type": type } } as never, types);
        return true;
      } catch {
        return false;
      }
    };
    const several = ["application/json", "image/*", "application/octet-stream"];
    expect(
      [
        "application/json",
        "application/json; charset=latin1",
        "image/png",
        "Application/Octet-Stream; x=1",
        "imagepng",
        "text/plain",
        undefined,
      ].map((type) => takes(type, several)),
    ).toEqual([true, false, true, true, false, false, false]);
    expect(takes("text/plain", [])).toBe(false);
  });
});

describe("signing in", () => {
  async function setUp() {
    const clock = new SimulatedClock();
    const backend = openMemory({ clock });
    const browser = await BrowserSessions.open({ backend, clock, ids: systemIds(clock) });
    await browser.listenOn(7433);
    const it = await startRest({
      rawHandlers: {
        "system.sign_in": createSignIn(browser),
        "system.sign_out": createSignOut(browser),
        "system.prove": createProve(browser),
      },
    });
    const origin = it.listeners.address;
    return {
      ...it,
      browser,
      post: (path: string, json: unknown, headers: Record<string, string | undefined> = {}) =>
        it.send("POST", path, { json, headers: { ...bare, origin, ...headers } }),
      async [Symbol.asyncDispose]() {
        await it[Symbol.asyncDispose]();
        browser.close();
        await backend.close();
      },
    };
  }

  test("[rest.sign-in] a page trades its ticket for cookie and page key, once, and signs out with both", async () => {
    await using it = await setUp();
    const { ticket } = it.browser.tickets.create();
    const answer = await it.post("/auth/sign-in", { ticket });
    expect(answer.status).toBe(200);
    expect(answer.headers["cache-control"]).toBe("no-store");
    const [setCookie] = answer.headers["set-cookie"]!;
    expect(setCookie).toMatch(/^parley_session=\S+; HttpOnly; SameSite=Strict; Path=\/; Max-Age=43200$/);
    const { page_key: pageKey, expires_at: expiresAt } = answer.json;
    expect(expiresAt).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]{12}Z$/);
    const cookie = setCookie!.split(";")[0]!;
    expect(it.browser.verify(cookie, pageKey)).toMatchObject({ name: "console" });
    expect((await it.post("/auth/sign-in", { ticket })).json).toMatchObject({ code: "ticket_invalid" });

    const early = await it.post("/auth/sign-out", {}, { cookie });
    expect(early).toMatchObject({ status: 204 });
    expect(it.browser.verify(cookie, pageKey), "the cookie alone ends nothing").not.toBeNull();
    const out = await it.post("/auth/sign-out", {}, { cookie, "parley-page-key": pageKey });
    expect(out).toMatchObject({ status: 204 });
    expect(out.headers["set-cookie"]![0]).toContain("Max-Age=0");
    expect(it.browser.verify(cookie, pageKey)).toBeNull();
  });

  test("[trust.page-proof] the daemon proves itself to a page by its cookie, and to no other", async () => {
    await using it = await setUp();
    const { setCookie } = await it.browser.signIn(it.browser.tickets.create().ticket);
    const cookie = setCookie.split(";")[0]!;
    const proof = await it.post("/auth/prove", { nonce: "n".repeat(43) }, { cookie });
    expect(proof).toMatchObject({ status: 200, json: { proof: it.browser.answer(cookie, "n".repeat(43)) } });
    for (const [json, headers, status, code] of [
      [{ nonce: "n".repeat(43) }, {}, 401, "unauthenticated"],
      [{ nonce: "n".repeat(43) }, { cookie, origin: undefined }, 403, "origin_denied"],
      [{ nonce: "n".repeat(43) }, { cookie, origin: "http://127.0.0.1:1" }, 403, "origin_denied"],
      [{ nonce: "n".repeat(129) }, { cookie }, 400, "invalid_request"],
      [{ nonce: "n".repeat(15) }, { cookie }, 400, "invalid_request"],
      [{ nonce: "n o n c e n o n c e" }, { cookie }, 400, "invalid_request"],
      [{}, { cookie }, 400, "invalid_request"],
    ] as const) {
      const refused = await it.post("/auth/prove", json, headers);
      expect({ status: refused.status, code: refused.json.code }).toEqual({ status, code });
    }
  });

  test.each([
    ["without an Origin", { ticket: "x" }, { origin: undefined }, 403, "origin_denied"],
    ["from another page", { ticket: "x" }, { origin: "http://localhost:3000" }, 403, "origin_denied"],
    ["with a form", { ticket: "x" }, { "content-type": "text/plain" }, 415, "unsupported_media_type"],
    ["without a ticket", {}, {}, 400, "invalid_request"],
    ["with something else", [], {}, 400, "invalid_request"],
    ["with more than a ticket", { ticket: "x", name: "y" }, {}, 400, "invalid_request"],
    ["with a wrong ticket", { ticket: "x" }, {}, 401, "ticket_invalid"],
  ])("[rest.sign-in] %s it is refused", async (_name, json, headers, status, code) => {
    await using it = await setUp();
    const answer = await it.post("/auth/sign-in", json, headers);
    expect({ status: answer.status, code: answer.json.code }).toEqual({ status, code });
    expect(answer.headers["set-cookie"]).toBeUndefined();
  });
});

describe("the console's files", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "parley-console-"));
    mkdirSync(join(folder, "console/assets"), { recursive: true });
    writeFileSync(join(folder, "console/index.html"), "<!doctype html>");
    writeFileSync(join(folder, "console/assets/console.js"), "run();");
    writeFileSync(join(folder, "console/assets/notes.secret"), "s");
    writeFileSync(join(folder, "outside.js"), "s");
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const start = () =>
    startRest({ rawHandlers: { "system.console": createStaticFiles({ folder: join(folder, "console") }) } });

  test("[rest.console] the page is public, and fenced by its headers", async () => {
    await using it = await start();
    const page = await it.send("GET", "/", { headers: bare });
    expect(page).toMatchObject({
      status: 200,
      text: "<!doctype html>",
      headers: {
        "content-type": "text/html; charset=utf-8",
        "cache-control": "no-cache",
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
      },
    });
    const policy = String(page.headers["content-security-policy"]);
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toMatch(/unsafe|\*/);
    const script = await it.send("GET", "/assets/console.js", { headers: bare });
    expect(script).toMatchObject({
      text: "run();",
      headers: { "content-type": "text/javascript; charset=utf-8" },
    });
    const again = await it.send("GET", "/", {
      headers: { ...bare, "if-none-match": page.headers.etag as string },
    });
    expect(again).toMatchObject({ status: 304, text: "" });
    expect(await it.send("HEAD", "/", { headers: bare })).toMatchObject({ status: 200, text: "" });
  });

  test.each([
    "/assets/../../outside.js",
    "/assets/%2e%2e/%2e%2e/outside.js",
    "/assets/..%2f..%2foutside.js",
    "/assets//etc/passwd",
    "/assets/",
    "/assets/notes.secret",
    "/assets/console.js%00",
    "/index.html",
  ])("[rest.console] %s is nothing", async (path) => {
    await using it = await start();
    expect(await it.send("GET", path, { headers: bare })).toMatchObject({
      status: 404,
      json: { code: "route_not_found" },
    });
  });

  test("[rest.console] a folder that is missing is no crash", async () => {
    await using it = await startRest({
      rawHandlers: { "system.console": createStaticFiles({ folder: join(folder, "gone") }) },
    });
    expect((await it.send("GET", "/", { headers: bare })).status).toBe(404);
  });
});

test("[rest.docs] the document as committed and an explorer over it are public, and fenced by their headers", async () => {
  const read = (): Promise<string> => readFile(new URL("../../../openapi.yaml", import.meta.url), "utf8");
  await using it = await startRest({
    rawHandlers: {
      "system.openapi": createOpenapiDocument({ read }),
      "system.docs": createExplorer({
        read: async () => JSON.stringify(parse(await read())),
        script: async () => "globalThis.parleyRequestInterceptor = (request) => request;",
      }),
    },
  });
  const document = await it.send("GET", "/openapi.yaml", { headers: bare });
  expect(document).toMatchObject({ status: 200, text: await read() });
  expect(document.headers["content-type"]).toBe("application/yaml; charset=utf-8");
  const first = await it.send("GET", "/docs", { headers: bare });
  const page =
    first.status === 302
      ? await it.send("GET", new URL(first.headers.location!, "http://x/docs").pathname, { headers: bare })
      : first;
  expect(page.status).toBe(200);
  expect(page.text).toContain("swagger-ui");
  const scripts = [...page.text.matchAll(/src="([^"]+\.js)"/g)].map(
    ([, path]) => new URL(path!, "http://x/docs/").pathname,
  );
  expect(scripts.length).toBeGreaterThan(0);
  for (const path of scripts) {
    expect(await it.send("GET", path, { headers: bare }), path).toMatchObject({ status: 200 });
  }
  for (const [path, code] of [
    ["/docs/nothing", "route_not_found"],
    ["/docs/%2F", "route_not_found"],
    ["/docs/static/../../package.json", "invalid_request"],
  ] as const) {
    const { status, json, headers } = await it.send("GET", path);
    expect({ path, status, code: json.code }).toEqual({ path, status: errors[code].http, code });
    expect(headers).toHaveProperty("parley-contract");
  }
  const json = await it.send("GET", "/docs/json", { headers: bare });
  expect(json.json.paths["/comms/send"].post.operationId).toBeDefined();
  expect(json.json.servers, "tries go to the daemon that serves the page").toMatchObject([{ url: "/" }]);
  for (const { headers } of [document, page, json])
    expect(headers).toMatchObject({
      "content-security-policy": expect.stringMatching(/default-src 'none'.*frame-ancestors 'none'/),
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
      "cross-origin-opener-policy": "same-origin",
      "cross-origin-resource-policy": "same-origin",
    });
});
