import { describe, expect, test } from "vitest";
import type { CallContext } from "../../kernel/context.js";
import { ContractError } from "../../kernel/contract-error.js";
import { startRest } from "./_fixture.js";

const message = { kind: "peer_message", to: "planner", body: "hi" };
const receipt = { kind: "peer_message_sent", envelope_id: "0199f3a0-4c3e-7a10-8f11-6a1d2c3b4e5f" };

/** Answers with what it was asked and by whom. */
const echo = async (request: unknown, context: CallContext): Promise<unknown> => ({
  request,
  session: context.session,
  principal: context.principal?.name,
  surface: context.surface,
  traceparent: context.traceparent,
});

describe("operations", () => {
  test("[rest.unary] an answer carries the contract, the request id and nothing cacheable", async () => {
    await using it = await startRest({ handlers: { "comms.send": async () => receipt } });
    const { status, headers, json } = await it.send("POST", "/comms/send", { json: message });
    expect({ status, json }).toEqual({ status: 200, json: receipt });
    expect(headers).toMatchObject({
      "content-type": "application/json",
      "cache-control": "no-store",
      "parley-contract": "0.3.0",
      "parley-digest": expect.stringMatching(/^[0-9a-f]{16}$/),
      "parley-request-id": expect.stringMatching(/^[0-9a-f-]{36}$/),
      "x-content-type-options": "nosniff",
    });
  });

  test("[rest.status] the contract's status is used", async () => {
    await using it = await startRest({
      handlers: { "system.create_ticket": async () => ({}), "system.stop": async () => ({ stopping: true }) },
    });
    expect((await it.send("POST", "/auth/tickets", { json: {} })).status).toBe(201);
    expect((await it.send("POST", "/system/stop")).status).toBe(202);
  });

  test("[rest.context] session, trace and surface reach the handler", async () => {
    await using it = await startRest({ handlers: { "comms.peers": echo } });
    const traceparent = `00-${"a".repeat(32)}-${"b".repeat(16)}-01`;
    const { json } = await it.send("GET", "/comms/peers", {
      headers: { "parley-session": "planner", traceparent },
    });
    expect(json).toEqual({ request: {}, session: "planner", principal: "ann", surface: "rest", traceparent });
    expect(
      (await it.send("GET", "/comms/peers", { headers: { authorization: "Bearer reader" } })).json,
    ).toMatchObject({
      session: "user-bob",
    });
  });

  test("[telemetry.trace] a header that is no trace context reaches no handler; one of a later version does in ours", async () => {
    await using it = await startRest({ handlers: { "comms.peers": echo } });
    const traced = async (traceparent: string): Promise<unknown> =>
      (await it.send("GET", "/comms/peers", { headers: { traceparent } })).json.traceparent;
    const ids = `${"a".repeat(32)}-${"b".repeat(16)}`;
    expect(await traced("x".repeat(1000))).toBeUndefined();
    expect(await traced(`00-${ids.toUpperCase()}-01`)).toBeUndefined();
    expect(await traced(`42-${ids}-01-more`)).toBe(`00-${ids}-01`);
  });

  test("[rest.path] path fields are part of the request, decoded", async () => {
    await using it = await startRest({ handlers: { "sessions.get": echo, "sessions.drain": echo } });
    expect((await it.send("GET", "/sessions/planner")).json.request).toEqual({ name: "planner" });
    const drain = { max: 2, lease_token: "x".repeat(16) };
    const { json } = await it.send("POST", "/sessions/planner/drain", { json: drain });
    expect(json.request).toMatchObject({ name: "planner", max: 2, wait_ms: 0 });
    const twice = await it.send("POST", "/sessions/planner/drain", { json: { ...drain, name: "other" } });
    expect(twice.json).toMatchObject({
      code: "invalid_request",
      details: [{ field: "name", issue: "forbidden_field", expected: "absent", got: "string" }],
    });
    const strange = await it.send("GET", "/sessions/Not%20a%20name");
    expect(strange.json).toMatchObject({
      code: "invalid_request",
      details: [{ field: "name", issue: "pattern" }],
    });
  });

  test("[rest.idempotency-key] the header is the key; another one in the body is a mistake", async () => {
    await using it = await startRest({ handlers: { "comms.send": echo } });
    const headers = { "idempotency-key": "k1" };
    const send = (body: object) => it.send("POST", "/comms/send", { headers, json: body });
    expect((await send(message)).json.request.options).toEqual({ idempotency_key: "k1" });
    const options = { traceparent: `00-${"a".repeat(32)}-${"b".repeat(16)}-01` };
    expect((await send({ ...message, options })).json.request.options).toEqual({
      ...options,
      idempotency_key: "k1",
    });
    expect((await send({ ...message, options: { idempotency_key: "k1" } })).status).toBe(200);
    expect((await send({ ...message, options: { idempotency_key: "k2" } })).json).toMatchObject({
      code: "invalid_command",
      details: [{ field: "options.idempotency_key", issue: "invalid_value" }],
    });
    expect((await send({ ...message, options: "none" })).json.details).toMatchObject([
      { field: "options", issue: "wrong_type" },
    ]);
  });

  test("[rest.head] HEAD tells what GET would", async () => {
    await using it = await startRest({ handlers: { "comms.peers": echo } });
    const get = await it.send("GET", "/comms/peers");
    const head = await it.send("HEAD", "/comms/peers");
    expect(head).toMatchObject({ status: 200, text: "" });
    expect(head.headers["content-length"]).toBe(get.headers["content-length"]);
  });

  test("[rest.cancel] a client that goes away cancels its call", async () => {
    const aborted = Promise.withResolvers<void>();
    const started = Promise.withResolvers<void>();
    await using it = await startRest({
      handlers: {
        "comms.peers": (_request: unknown, context: CallContext) =>
          new Promise((_resolve, reject) => {
            context.signal.addEventListener("abort", () => {
              aborted.resolve();
              reject(context.signal.reason);
            });
            started.resolve();
          }),
      },
    });
    const { request } = await import("node:http");
    const asked = request({
      port: it.listeners.port,
      host: "127.0.0.1",
      path: "/comms/peers",
      headers: { authorization: "Bearer all" },
    });
    asked.on("error", () => {});
    asked.end();
    await started.promise;
    asked.destroy();
    await aborted.promise;
  });
});

describe("credentials", () => {
  test.each([
    ["no credentials", { authorization: undefined }, 401, "unauthenticated"],
    ["a wrong token", { authorization: "Bearer wrong" }, 401, "unauthenticated"],
    ["a token without the scope", { authorization: "Bearer none" }, 403, "permission_denied"],
    [
      "another's session",
      { authorization: "Bearer reader", "parley-session": "planner" },
      403,
      "permission_denied",
    ],
    ["the console's cookie alone", page({ "parley-page-key": undefined }), 401, "unauthenticated"],
    [
      "the console's cookie with another page key",
      page({ "parley-page-key": "guess" }),
      401,
      "unauthenticated",
    ],
    ["the page key alone", page({ cookie: undefined }), 401, "unauthenticated"],
    ["cookie and page key without an Origin", page({ "sec-fetch-site": undefined }), 401, "unauthenticated"],
    [
      "cookie and page key from another port",
      page({ "sec-fetch-site": "same-site" }),
      401,
      "unauthenticated",
    ],
    ["cookie and page key from the own page", page({}), 200, undefined],
  ])("[rest.auth] %s", async (_name, headers, status, code) => {
    await using it = await startRest({ handlers: { "comms.peers": echo } });
    const answer = await it.send("GET", "/comms/peers", { headers });
    expect({ status: answer.status, code: answer.json.code }).toEqual({ status, code });
    expect(answer.headers["www-authenticate"]).toBe(status === 401 ? 'Bearer realm="parley"' : undefined);
  });

  test("[rest.auth] the unix socket needs none; public operations need none, and stale ones do not harm", async () => {
    await using it = await startRest({
      handlers: { "comms.peers": echo, "system.health": async () => ({ status: "ok", version: "0.3.0" }) },
    });
    const bare = { authorization: undefined };
    expect((await it.send("GET", "/comms/peers", { headers: bare, overUnix: true })).json.principal).toBe(
      "local",
    );
    expect((await it.send("GET", "/healthz", { headers: bare })).status).toBe(200);
    expect(
      (await it.send("GET", "/healthz", { headers: { ...bare, cookie: "parley_session=old" } })).status,
    ).toBe(200);
  });

  test("[rest.host] Host and Origin come before credentials, on every path and method", async () => {
    await using it = await startRest({ handlers: { "comms.peers": echo } });
    const foreign = [{ host: "attacker.test" }, { origin: "https://attacker.test" }, { origin: "null" }];
    for (const headers of foreign) {
      for (const [method, path] of [
        ["GET", "/comms/peers"],
        ["POST", "/comms/send"],
        ["GET", "/healthz"],
        ["GET", "/nowhere"],
        ["OPTIONS", "/comms/send"],
        ["DELETE", "/comms/peers"],
      ] as const) {
        const answer = await it.send(method, path, { headers: { authorization: undefined, ...headers } });
        expect(answer, `${method} ${path}`).toMatchObject({ status: 403, json: { code: "origin_denied" } });
        expect(answer.headers["access-control-allow-origin"]).toBeUndefined();
      }
    }
  });

  test("[rest.contract] another contract is told before anything else of the request", async () => {
    await using it = await startRest();
    const headers = { "parley-contract": "0.2.0", authorization: undefined };
    const answer = await it.send("POST", "/comms/send", { headers, body: "not json" });
    expect(answer).toMatchObject({ status: 412, json: { code: "contract_mismatch" } });
    expect(
      (await it.send("GET", "/comms/peers", { headers: { "parley-contract": "0.3.7" } })).status,
    ).not.toBe(412);
  });
});

describe("requests that do not fit", () => {
  const handlers = { "comms.send": echo, "comms.peers": echo, "sessions.close": echo };
  test.each([
    ["an unknown path", "GET", "/nowhere", {}, 404, "route_not_found", undefined],
    ["a trailing slash", "GET", "/comms/peers/", {}, 404, "route_not_found", undefined],
    ["another method", "DELETE", "/comms/send", {}, 405, "method_not_allowed", "POST"],
    [
      "another method on a path with fields",
      "PUT",
      "/sessions/a",
      {},
      405,
      "method_not_allowed",
      "GET, HEAD",
    ],
    ["HEAD of a stream", "HEAD", "/comms/stream", {}, 405, "method_not_allowed", "GET"],
    ["a method that the router does not know", "QUERY", "/comms/send", {}, 405, "method_not_allowed", "POST"],
    ["OPTIONS", "OPTIONS", "/comms/peers", {}, 405, "method_not_allowed", "GET, HEAD"],
    ["a path that is no UTF-8", "GET", "/sessions/%ff", {}, 400, "invalid_request", undefined],
    [
      "a body that is no JSON",
      "POST",
      "/comms/send",
      { body: "{", headers: json() },
      400,
      "parse_error",
      undefined,
    ],
    [
      "ill-formed UTF-8",
      "POST",
      "/comms/send",
      { body: Buffer.from('"\xff"', "latin1"), headers: json() },
      400,
      "parse_error",
      undefined,
    ],
    [
      "a form",
      "POST",
      "/comms/send",
      { body: "a=b", headers: type("application/x-www-form-urlencoded") },
      415,
      "unsupported_media_type",
      undefined,
    ],
    [
      "plain text",
      "POST",
      "/comms/send",
      { body: "{}", headers: type("text/plain") },
      415,
      "unsupported_media_type",
      undefined,
    ],
    [
      "another charset",
      "POST",
      "/comms/send",
      { body: "{}", headers: type("application/json; charset=latin1") },
      415,
      "unsupported_media_type",
      undefined,
    ],
    [
      "a type that is none",
      "POST",
      "/comms/send",
      { body: "{}", headers: type("json") },
      415,
      "unsupported_media_type",
      undefined,
    ],
    ["no type", "POST", "/comms/send", { body: "{}" }, 415, "unsupported_media_type", undefined],
    [
      "a compressed body",
      "POST",
      "/comms/send",
      { body: "{}", headers: { ...json(), "content-encoding": "gzip" } },
      415,
      "unsupported_media_type",
      undefined,
    ],
    ["an array", "POST", "/comms/send", { json: [] }, 400, "invalid_command", undefined],
    ["a missing body", "POST", "/comms/send", {}, 400, "invalid_command", undefined],
    [
      "a body beside a query",
      "DELETE",
      "/tokens/abcdefghij",
      { json: { token_id: "x" } },
      400,
      "invalid_request",
      undefined,
    ],
    ["an unknown query field", "GET", "/comms/peers?a=1", {}, 400, "invalid_request", undefined],
  ] as const)("[rest.errors] %s", async (_name, method, path, sent, status, code, allow) => {
    await using it = await startRest({ handlers });
    const answer = await it.send(method, path, sent);
    expect({ status: answer.status, allow: answer.headers.allow }).toEqual({ status, allow });
    if (method !== "HEAD") {
      expect(answer.json).toMatchObject({ code, request_id: answer.headers["parley-request-id"] });
    }
    expect((await it.send("POST", "/comms/send", { json: message })).status).toBe(200);
  });

  test.each([
    "application/json; charset=utf-8",
    "application/json;charset=UTF-8",
    'Application/JSON; charset="utf-8"',
  ])("[rest.errors] %s is JSON", async (contentType) => {
    await using it = await startRest({ handlers });
    const sent = { body: JSON.stringify(message), headers: type(contentType) };
    expect((await it.send("POST", "/comms/send", sent)).status).toBe(200);
  });

  test("[rest.errors] an error costs the connection only when a body is left unread", async () => {
    await using it = await startRest({ handlers, bodyBytes: 2048 });
    const connection = async (...asked: Parameters<typeof it.send>) =>
      (await it.send(...asked)).headers.connection;
    expect(await connection("GET", "/nowhere")).toBe("keep-alive");
    expect(await connection("GET", "/comms/peers", { headers: { authorization: "Bearer wrong" } })).toBe(
      "keep-alive",
    );
    expect(await connection("POST", "/comms/send", { json: { kind: "shout" } })).toBe("keep-alive");
    expect(await connection("POST", "/comms/send", { json: { body: "x".repeat(4000) } })).toBe("close");
  });

  test("[rest.size] a body over the limit is refused, announced or not", async () => {
    await using it = await startRest({ handlers, bodyBytes: 2048 });
    const big = JSON.stringify({ ...message, body: "x".repeat(4000) });
    const expected = {
      status: 413,
      json: { code: "payload_too_large", details: [{ expected: "at most 2048 bytes" }] },
    };
    expect(await it.send("POST", "/comms/send", { body: big, headers: json() })).toMatchObject(expected);
    const chunked = { ...json(), "content-length": undefined, "transfer-encoding": "chunked" };
    expect(await it.send("POST", "/comms/send", { body: big, headers: chunked })).toMatchObject(expected);
    const fits = JSON.stringify({ ...message, body: "x".repeat(1900) });
    expect((await it.send("POST", "/comms/send", { body: fits, headers: chunked })).status).toBe(200);
  });

  test("[rest.errors] a handler's error keeps its details; a limit says when to come back", async () => {
    await using it = await startRest({
      handlers: {
        "comms.send": () => Promise.reject(new ContractError("admission_dropped", { retryAfterMs: 1500 })),
        "comms.peers": () => Promise.reject(new Error("a secret cause")),
      },
    });
    const limited = await it.send("POST", "/comms/send", { json: message });
    expect(limited).toMatchObject({
      status: 429,
      headers: { "retry-after": "2" },
      json: { code: "admission_dropped", retryable: true, retry_after_ms: 1500 },
    });
    const broken = await it.send("GET", "/comms/peers");
    expect(broken).toMatchObject({ status: 500, json: { code: "internal" } });
    expect(broken.text).not.toContain("secret");
    expect(it.logged).toMatchObject([{ request_id: broken.json.request_id, operation: "comms.peers" }]);
  });
});

function json(): Record<string, string> {
  return type("application/json");
}

function type(value: string): Record<string, string> {
  return { "content-type": value };
}

/** A GET of the signed-in page, with some headers changed. */
function page(more: Record<string, string | undefined>): Record<string, string | undefined> {
  return {
    authorization: undefined,
    cookie: "parley_session=good",
    "parley-page-key": "key",
    "sec-fetch-site": "same-origin",
    ...more,
  };
}
