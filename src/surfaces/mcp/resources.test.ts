import {
  Client as StatelessClient,
  StreamableHTTPClientTransport as StatelessTransport,
} from "@modelcontextprotocol/client";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { ResourceUpdatedNotificationSchema } from "@modelcontextprotocol/sdk/types.js";
import { expect, test } from "vitest";
import { channel } from "../../../test/support/channel.js";
import { World } from "../../../test/support/world.js";
import { type Scope, scopes } from "../../generated/operations.js";
import type { Principal } from "../../kernel/context.js";
import { startServer, type TestServer, type TestServerOptions } from "./_harness.js";

const identity = { name: "test", version: "1.0.0" };
const uri = "comms://inbox/bot";

interface Setting extends AsyncDisposable {
  world: World;
  server: TestServer;
  /** Sends the bot a message. */
  send(body: string): Promise<unknown>;
}

/** A server over real planes, with a session `bot`. */
async function setting(options: Pick<TestServerOptions, "principal"> = {}): Promise<Setting> {
  const world = await World.start();
  await world.host("bot");
  const server = await startServer({ ...options, inboxes: world.comms.inboxView });
  return {
    world,
    server,
    send: (body) => world.call("comms.send", { kind: "peer_message", to: "bot", body }),
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await world.stop();
    },
  };
}

function token(own: Partial<Principal> = {}): { principal: Principal; revoke: () => void } {
  const ended = new AbortController();
  const principal: Principal = {
    name: "ci",
    kind: "token",
    scopes: new Set<Scope>(scopes),
    sessions: ["bot"],
    ended: ended.signal,
    ...own,
  };
  return { principal, revoke: () => ended.abort() };
}

async function sessionClient(url: URL, session = "bot") {
  const client = new Client(identity);
  const requestInit = { headers: { "parley-session": session } };
  const transport = new StreamableHTTPClientTransport(url, { requestInit });
  const updates = channel<string>();
  client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => updates.put(params.uri));
  await client.connect(transport as Parameters<typeof client.connect>[0]);
  return { client, transport, updates };
}

async function statelessClient(url: URL, session = "bot") {
  const client = new StatelessClient(identity, { versionNegotiation: { mode: { pin: "2026-07-28" } } });
  const updates = channel<string>();
  client.setNotificationHandler("notifications/resources/updated", ({ params }) => updates.put(params.uri));
  const requestInit = { headers: { "parley-session": session } };
  await client.connect(new StatelessTransport(url, { requestInit }));
  return { client, updates };
}

function pageOf({ contents }: { contents: unknown[] }) {
  return JSON.parse((contents[0] as { text: string }).text);
}

test("[mcp.inbox] [field.push] the official client lists, reads and pages its inbox, and nothing of it is marked", async () => {
  await using it = await setting();
  const { client } = await sessionClient(it.server.url);
  const { resources } = await client.listResources();
  expect(resources).toMatchObject([{ uri, name: "inbox", mimeType: "application/json" }]);
  const { resourceTemplates } = await client.listResourceTemplates();
  expect(resourceTemplates.map(({ uriTemplate }) => uriTemplate)).toEqual([
    "comms://inbox/{session}{?after}",
  ]);
  await it.send("one");
  await it.send("two");
  const page = pageOf(await client.readResource({ uri }));
  expect(page).toMatchObject({
    session: "bot",
    more: false,
    interactions: [
      { kind: "peer_message", from: "user-local", body: "one", state: "waiting", attempt: 0 },
      { kind: "peer_message", body: "two" },
    ],
  });
  expect(pageOf(await client.readResource({ uri }))).toEqual(page);
  const after = `${uri}?after=${page.interactions[0].cursor}`;
  expect(pageOf(await client.readResource({ uri: after })).interactions).toMatchObject([{ body: "two" }]);
  expect((await it.world.call("sessions.get", { name: "bot" })).session.unread).toBe(2);
  await client.close();
});

test("[mcp.inbox.stateless] so does the client of the stateless revision, which is told how long to keep what", async () => {
  await using it = await setting();
  const { client } = await statelessClient(it.server.url);
  expect((await client.listResources()).resources).toMatchObject([{ uri }]);
  await it.send("one");
  const page = pageOf(await client.readResource({ uri }));
  expect(page.interactions).toMatchObject([{ body: "one" }]);
  await client.close();
  for (const [method, params, hints] of [
    ["resources/list", {}, { ttlMs: 60_000, cacheScope: "private" }],
    ["resources/templates/list", {}, { ttlMs: 3_600_000, cacheScope: "public" }],
    ["resources/read", { uri }, { ttlMs: 0, cacheScope: "private" }],
  ] as const) {
    expect((await statelessPost(it, method, params)).json.result).toMatchObject({
      resultType: "complete",
      ...hints,
    });
  }
});

test("[mcp.inbox.subscribe] [field.push] a subscriber hears of what comes in, until it unsubscribes", async () => {
  await using it = await setting();
  const { client, updates } = await sessionClient(it.server.url);
  await it.send("before");
  await client.subscribeResource({ uri });
  await client.subscribeResource({ uri });
  await it.send("one");
  expect(await updates.take()).toBe(uri);
  await it.send("two");
  expect(await updates.take()).toBe(uri);
  expect(updates.waiting).toBe(0);
  await client.unsubscribeResource({ uri });
  await it.send("three");
  await client.subscribeResource({ uri });
  await it.send("four");
  expect([await updates.take(), updates.waiting]).toEqual([uri, 0]);
  await client.close();
});

test("[mcp.inbox.listen] a listener of the stateless revision does too, under its request's id", async () => {
  await using it = await setting();
  const { client, updates } = await statelessClient(it.server.url);
  const listening = await client.listen({ resourceSubscriptions: [uri], toolsListChanged: true });
  expect(listening.honoredFilter).toEqual({ resourceSubscriptions: [uri] });
  await it.send("one");
  expect(await updates.take()).toBe(uri);
  await listening.close();
  await client.close();

  const stream = await openListen(it, [uri]);
  await it.send("two");
  expect(await stream.next()).toEqual({
    jsonrpc: "2.0",
    method: "notifications/resources/updated",
    params: { _meta: { "io.modelcontextprotocol/subscriptionId": 1 }, uri },
  });
  it.server.stop();
  expect(await stream.next()).toMatchObject({
    id: 1,
    result: { resultType: "complete", _meta: { "io.modelcontextprotocol/subscriptionId": 1 } },
  });
  expect(await stream.next()).toBeUndefined();
});

test("[mcp.inbox.errors] what is not there, not allowed or not a cursor is told as such", async () => {
  const { principal } = token();
  await using it = await setting({ principal });
  await it.world.host("other");
  const { client } = await sessionClient(it.server.url);
  const refusals = [
    ["test://something", -32002, { code: "invalid_request", uri: "test://something" }],
    ["comms://inbox/bot?after=x", -32602, { details: [{ field: "after", issue: "pattern" }] }],
    ["comms://inbox/bot?after=1", -32602, { details: [{ field: "after", issue: "out_of_range" }] }],
    ["comms://inbox/other", -31002, { code: "permission_denied" }],
    ["comms://inbox/nobody", -31002, { code: "permission_denied" }],
  ] as const;
  for (const [wrong, code, data] of refusals)
    await expect(client.readResource({ uri: wrong })).rejects.toMatchObject({ code, data });
  await expect(client.subscribeResource({ uri: "comms://inbox/other" })).rejects.toMatchObject({
    code: -31002,
  });
  for (const [wrong, code, data] of refusals) {
    const read = await statelessPost(it, "resources/read", { uri: wrong });
    expect([read.status, read.json.error.code]).toEqual([200, code === -32002 ? -32602 : code]);
    expect(read.json.error.data).toMatchObject(data);
  }
  for (const [notifications, field] of [
    [{ resourceSubscriptions: ["comms://inbox/other"] }, "session"],
    [{ resourceSubscriptions: [7] }, "notifications.resourceSubscriptions[0]"],
    [{ resourceSubscriptions: uri }, "notifications.resourceSubscriptions"],
    [undefined, "notifications"],
  ] as const) {
    const { json } = await statelessPost(it, "subscriptions/listen", { notifications });
    expect(json.error.data.details).toMatchObject([{ field }]);
  }
  await client.close();
});

test("[mcp.inbox.errors] without the scope nothing of an inbox can be seen; an unknown session is not found", async () => {
  const { principal } = token({ scopes: new Set<Scope>(["comms:write"]) });
  await using blind = await setting({ principal });
  for (const [method, params] of [
    ["resources/list", {}],
    ["resources/read", { uri }],
    ["subscriptions/listen", { notifications: { resourceSubscriptions: [uri] } }],
  ] as const) {
    const { json } = await statelessPost(blind, method, params);
    expect([method, json.error.data.code]).toEqual([method, "permission_denied"]);
  }
  await using it = await setting();
  const { json } = await statelessPost(it, "resources/read", { uri: "comms://inbox/nobody" });
  expect(json.error).toMatchObject({
    code: -32602,
    data: { code: "session_not_found", uri: "comms://inbox/nobody" },
  });
});

test("[mcp.inbox.revoked] the end of the credentials ends every subscription", async () => {
  const { principal, revoke } = token();
  await using it = await setting({ principal });
  const { id, stream: session } = await openSession(it);
  await it.server.post(subscribe, { "mcp-session-id": id });
  const listener = await openListen(it, [uri]);
  revoke();
  expect(await session.next()).toBeUndefined();
  expect(await listener.next()).toMatchObject({ id: 1, error: { data: { code: "unauthenticated" } } });
  expect(await listener.next()).toBeUndefined();
});

test("[mcp.inbox.closed] the end of a watched session is told", async () => {
  await using it = await setting();
  const worker = await it.world.host("worker");
  const own = "comms://inbox/worker";
  const { id, stream } = await openSession(it);
  await it.server.post({ ...subscribe, params: { uri: own } }, { "mcp-session-id": id });
  const listener = await openListen(it, [own]);
  await it.world.call("sessions.close", { name: "worker", lease_token: worker.token });
  expect(await stream.next()).toMatchObject({ params: { uri: own } });
  expect(await listener.next()).toMatchObject({ id: 1, result: {} });
});

test("[mcp.mcp-session] a session ends by DELETE, is its principal's own, and belongs to the older revisions", async () => {
  await using it = await setting();
  const { id, stream } = await openSession(it);
  const ended = await it.server.fetch({ method: "DELETE", headers: { "mcp-session-id": id } });
  expect([ended.status, ended.text]).toEqual([204, ""]);
  expect(await stream.next()).toBeUndefined();
  for (const refused of [
    await it.server.post(subscribe, { "mcp-session-id": id }),
    await it.server.fetch({ method: "GET", headers: { "mcp-session-id": id } }),
    await it.server.fetch({ method: "DELETE", headers: { "mcp-session-id": id } }),
  ]) {
    expect(refused.status).toBe(404);
    expect(refused.text).toContain("initialize again");
  }
  const other = await it.server.fetch({ method: "HEAD", headers: { "mcp-session-id": "another" } });
  expect([other.status, other.headers.get("allow")]).toEqual([405, "POST, GET, DELETE"]);
  const without = await it.server.post(subscribe);
  expect([without.status, without.json.error.data.details]).toMatchObject([
    200,
    [{ field: "mcp-session-id", issue: "missing_field" }],
  ]);
  for (const headers of [
    { "mcp-session-id": "x y" },
    { "mcp-session-id": "x", "mcp-protocol-version": "2026-07-28" },
  ]) {
    expect((await it.server.fetch({ method: "GET", headers })).status).toBe(400);
  }
});

test("[mcp.mcp-session.streams] what came while no stream was open is told on the next; the newest stream is told", async () => {
  await using it = await setting();
  const { id, stream: first } = await openSession(it);
  await it.server.post(subscribe, { "mcp-session-id": id });
  first.close();
  await it.send("one");
  await it.send("two");
  const second = await openStream(it, id);
  expect(await second.next()).toMatchObject({ params: { uri } });
  const third = await openStream(it, id);
  // Told again: the stream before may have been dead.
  expect(await third.next()).toMatchObject({ params: { uri } });
  third.close();
  await it.send("three");
  expect(await second.next()).toMatchObject({ params: { uri } });
});

test("[mcp.mcp-session.restart] a session of an earlier daemon goes on, and is told of its own inbox at once", async () => {
  await using it = await setting();
  const stream = await openStream(it, "earlier.session", { "parley-session": "bot" });
  expect(await stream.next()).toMatchObject({ method: "notifications/resources/updated", params: { uri } });
  await it.send("one");
  expect(await stream.next()).toMatchObject({ params: { uri } });
});

const subscribe = { jsonrpc: "2.0", id: 1, method: "resources/subscribe", params: { uri } };
const initialize = {
  jsonrpc: "2.0",
  id: 0,
  method: "initialize",
  params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: identity },
};

async function openSession(it: Setting): Promise<{ id: string; stream: Stream }> {
  const id = (await it.server.post(initialize)).headers.get("mcp-session-id")!;
  return { id, stream: await openStream(it, id) };
}

async function openStream(it: Setting, id: string, headers = {}): Promise<Stream> {
  return streamOf(await fetch(it.server.url, { headers: { "mcp-session-id": id, ...headers } }));
}

function statelessRequest(method: string, params: object): { body: string; headers: Record<string, string> } {
  const meta = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
  };
  const { uri: name } = params as { uri?: string };
  return {
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params: { ...params, _meta: meta } }),
    headers: {
      "content-type": "application/json",
      "parley-session": "bot",
      "mcp-protocol-version": "2026-07-28",
      "mcp-method": method,
      ...(name === undefined ? {} : { "mcp-name": name }),
    },
  };
}

function statelessPost(it: Setting, method: string, params: object) {
  const { body, headers } = statelessRequest(method, params);
  return it.server.post(body, headers);
}

/** A listener that was acknowledged. */
async function openListen(it: Setting, uris: readonly string[]): Promise<Stream> {
  const params = { notifications: { resourceSubscriptions: uris } };
  const sent = statelessRequest("subscriptions/listen", params);
  const stream = streamOf(await fetch(it.server.url, { method: "POST", ...sent }));
  expect(await stream.next()).toEqual({
    jsonrpc: "2.0",
    method: "notifications/subscriptions/acknowledged",
    params: {
      _meta: { "io.modelcontextprotocol/subscriptionId": 1 },
      notifications: { resourceSubscriptions: uris },
    },
  });
  return stream;
}

interface Stream {
  /** The next message; undefined at the end. */
  next(): Promise<unknown>;
  close(): void;
}

/** The messages of an event stream. */
function streamOf(response: Response): Stream {
  expect([response.status, response.headers.get("content-type")]).toEqual([
    200,
    "text/event-stream; charset=utf-8",
  ]);
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  return {
    async next() {
      for (;;) {
        const end = text.indexOf("\n\n");
        if (end === -1) {
          const { done, value } = await reader.read();
          if (done) return undefined;
          text += value;
          continue;
        }
        const data = /^data: (.*)$/m.exec(text.slice(0, end))?.[1];
        text = text.slice(end + 2);
        if (data !== undefined) return JSON.parse(data);
      }
    },
    close: () => void reader.cancel(),
  };
}
