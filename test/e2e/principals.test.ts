import { createHash, randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openSqlite } from "../../src/storage/sqlite/open-sqlite.js";
import { parley } from "../support/cli.js";
import { localCall, startDaemon, type TestDaemon } from "../support/daemon.js";
import { PlayedSession } from "../support/played-session.js";

const scopes = ["comms:read", "comms:write", "sessions:read", "sessions:write", "system:read"];

interface Answer {
  status: number;
  body: { [field: string]: unknown };
}

/** Earlier versions made tokens of any name. Stores such a one in the stopped daemon's store. */
async function storeToken(path: string, name: string): Promise<string> {
  const secret = randomBytes(32).toString("base64url");
  const tokenId = `old${name}000`;
  const hash = createHash("sha256").update(secret).digest("base64url");
  const value = JSON.stringify({ name, scopes, sessions: [], createdAt: Date.now(), hash });
  const store = await openSqlite({ path });
  try {
    await store.cas("tokens", tokenId, { expectRev: 0, value });
  } finally {
    await store.close();
  }
  return `parley_${tokenId}_${secret}`;
}

describe("tokens of an earlier store that are named like the user or the console", () => {
  let daemon: TestDaemon;
  let bearer: string;
  let consoleBearer: string;
  let echo: PlayedSession;
  let asked: string;
  let own: { session_id: string; name: string };

  const as = async (
    token: string,
    method: string,
    path: string,
    body?: unknown,
    session?: string,
  ): Promise<Answer> =>
    (await localCall(daemon.socketPath, method, path, body, {
      authorization: `Bearer ${token}`,
      accept: "application/json",
      ...(session === undefined ? {} : { "parley-session": session }),
    })) as Answer;
  const user = async (method: string, path: string, body?: unknown): Promise<Answer> =>
    (await localCall(daemon.socketPath, method, path, body, { accept: "application/json" })) as Answer;

  beforeAll(async () => {
    daemon = await startDaemon();
    const store = ((await user("GET", "/status")).body.store as { path: string }).path;
    await daemon.stop();
    bearer = await storeToken(store, "local");
    consoleBearer = await storeToken(store, "console");
    await daemon.restart();
    echo = await PlayedSession.open(daemon, "helper");
    asked = await echo.receive({ kind: "peer_request", intent: "ask", params: { body: "private" } });
    own = (await user("GET", "/sessions/user-local")).body.session as typeof own;
  });
  afterAll(() => daemon?.[Symbol.asyncDispose]());

  test("[trust.principals] such a token sees neither the user's session nor the user's interactions", async () => {
    const listed = (await as(bearer, "GET", "/sessions")).body.sessions as { name: string }[];
    expect(listed.map(({ name }) => name)).not.toContain("user-local");
    expect((await as(bearer, "GET", "/sessions/user-local")).status).toBe(404);
    for (const scope of [
      `scope=session&session_id=${own.session_id}`,
      `scope=interaction&interaction_id=${asked}`,
    ]) {
      const path = `/comms/stream?${scope}&follow=false&after_sequence=0`;
      expect((await user("GET", path)).status, "the user reads it").toBe(200);
      expect((await as(bearer, "GET", path)).body, scope).toMatchObject({ code: "permission_denied" });
    }
  });

  test("[trust.principals] such a token acts as a session of its own, never as the user's or the console's", async () => {
    for (const [token, taken, session] of [
      [bearer, "user-local", "user-token-local"],
      [consoleBearer, "user-console", "user-token-console"],
    ] as const) {
      const command = { kind: "peer_message", to: "helper", body: session };
      expect((await as(token, "POST", "/comms/send", command)).status).toBe(200);
      expect((await as(token, "POST", "/comms/send", command, taken)).body).toMatchObject({
        code: "permission_denied",
      });
      const opening = { name: taken, ttl_ms: 60_000 };
      expect((await as(token, "POST", "/sessions", opening)).body.code).toMatch(
        /permission_denied|session_name_taken/,
      );
      const made = await user("GET", `/sessions/${session}`);
      expect(made.body.session).toMatchObject({ name: session });
    }
    const { body } = await localCall(daemon.socketPath, "POST", "/sessions/helper/drain", {
      lease_token: echo.leaseToken,
      max: 10,
    });
    const senders = (body as { interactions: { from: string }[] }).interactions.map(({ from }) => from);
    expect(senders).toEqual(["user-local", "user-token-local", "user-token-console"]);
  });

  test("[trust.principals] the user's inbox over MCP is closed to it, and its own is open", async () => {
    const read = (uri: string): Promise<Answer> =>
      as(bearer, "POST", "/mcp", { jsonrpc: "2.0", id: 1, method: "resources/read", params: { uri } });
    expect((await read("comms://inbox/user-local")).body.error).toBeDefined();
    expect((await read("comms://inbox/user-token-local")).body.result).toBeDefined();
  });

  test("[trust.principals] an idempotency key of the user's stays the user's", async () => {
    const command = {
      kind: "peer_message",
      to: "helper",
      body: "once",
      options: { idempotency_key: "the-same-key" },
    };
    const first = await user("POST", "/comms/send", command);
    const second = await as(bearer, "POST", "/comms/send", command);
    expect(first.body.interaction_id).not.toBe(second.body.interaction_id);
    expect(second.body.deduplicated ?? false).toBe(false);
  });

  test("[trust.token-names] the doctor names them and what to type", async () => {
    const { stdout } = await parley(daemon.env, ["doctor", "--json"]);
    const { findings } = JSON.parse(stdout) as { findings: { check: string; id?: string; says: string }[] };
    const found = findings.filter(({ check }) => check === "tokens");
    expect(found.map(({ id }) => id)).toEqual(["token-name-reserved", "token-name-reserved"]);
    expect(found.map(({ says }) => says).join()).toContain("oldlocal000");
  });

  test("[trust.token-names] new ones are refused with what to do", async () => {
    for (const name of ["local", "console"]) {
      const { code, stdout } = await parley(daemon.env, [
        "token",
        "create",
        name,
        "--scope",
        "comms:read",
        "--json",
      ]);
      expect(code).toBe(2);
      expect(JSON.parse(stdout)).toMatchObject({
        code: "invalid_request",
        details: [{ field: "name", issue: "invalid_value", got: name }],
      });
    }
    const rotated = await user("POST", "/tokens/oldlocal000/rotate", {});
    expect(rotated.body.token, "one that is there stays usable").toMatchObject({ name: "local" });
  });
});

describe("a session that the user has opened under a token's own name", () => {
  test("[trust.principals] is not the token's", async () => {
    await using daemon = await startDaemon();
    const { body } = await localCall(daemon.socketPath, "POST", "/tokens", { name: "ci", scopes });
    const headers = { authorization: `Bearer ${(body as { secret: string }).secret}` };
    const send = { kind: "peer_message", to: "helper", body: "x" };
    await PlayedSession.open(daemon, "helper");
    await PlayedSession.open(daemon, "user-ci");
    const answer = await localCall(daemon.socketPath, "POST", "/comms/send", send, headers);
    expect(answer.body).toMatchObject({ code: "permission_denied", details: [{ field: "session" }] });
    const inbox = await localCall(
      daemon.socketPath,
      "POST",
      "/mcp",
      { jsonrpc: "2.0", id: 1, method: "resources/read", params: { uri: "comms://inbox/user-ci" } },
      { ...headers, accept: "application/json, text/event-stream" },
    );
    expect((inbox.body as { error?: object }).error).toBeDefined();
  });
});
