import { type IncomingHttpHeaders, request } from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startDaemon, type TestDaemon } from "../support/daemon.js";

interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
}

let daemon: TestDaemon;
beforeAll(async () => {
  daemon = await startDaemon();
});
afterAll(() => daemon[Symbol.asyncDispose]());

function ask(method: string, path: string, headers: Record<string, string>, body?: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ socketPath: daemon.socketPath, method, path, headers });
    outgoing.on("error", reject);
    outgoing.on("upgrade", ({ statusCode, headers }, socket) => {
      socket.destroy();
      resolve({ status: statusCode!, headers, text: "" });
    });
    outgoing.on("response", async (response) => {
      const text = Buffer.concat(await response.toArray()).toString();
      resolve({ status: response.statusCode!, headers: response.headers, text });
    });
    outgoing.end(body);
  });
}

const open = (name: string): string =>
  JSON.stringify({ jsonrpc: "2.0", id: 1, method: "sessions/open", params: { name } });
const json = (body: string): Record<string, string> => ({
  "content-type": "application/json",
  "content-length": String(Buffer.byteLength(body)),
});

describe("[rpc.safe-methods] a call whose method is not POST", () => {
  test.each(["GET", "HEAD", "OPTIONS", "TRACE", "QUERY", "PUT", "PATCH", "DELETE"])(
    "%s is refused with the method that is allowed, and opens no session",
    async (method) => {
      const name = `by-${method.toLowerCase()}`;
      for (const body of [open(name), `[${open(name)}]`]) {
        const answer = await ask(method, "/rpc", json(body), body);
        expect(answer.status).toBe(405);
        expect(answer.headers.allow?.split(", ")).toContain("POST");
        if (method === "GET") expect(answer.headers.allow).toBe("POST");
        if (method !== "HEAD") expect(JSON.parse(answer.text)).toMatchObject({ code: "method_not_allowed" });
      }
      expect((await ask("GET", `/sessions/${name}`, {})).status).toBe(404);
    },
  );

  test("GET without a body is refused alike, and POST runs the call", async () => {
    expect(await ask("GET", "/rpc", {})).toMatchObject({ status: 405, headers: { allow: "POST" } });
    const body = open("by-post");
    expect((await ask("POST", "/rpc", json(body), body)).status).toBe(200);
    expect((await ask("GET", "/sessions/by-post", {})).status).toBe(200);
  });
});

describe("[rpc.upgrade-version] an upgrade to a WebSocket", () => {
  const upgrade = (version: string | undefined): Record<string, string> => ({
    connection: "Upgrade",
    upgrade: "websocket",
    "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==",
    ...(version === undefined ? {} : { "sec-websocket-version": version }),
  });

  test.each(["/rpc", "/link"])("of version 13 is taken at %s", async (path) => {
    expect((await ask("GET", path, upgrade("13"))).status).toBe(101);
  });

  test.each(
    ["/rpc", "/link"].flatMap((path) =>
      ["0", "7", "8", "12", "14", "99", "13, 8", "thirteen", undefined].map(
        (version) => [path, version] as const,
      ),
    ),
  )("at %s of version %s is refused with the version that is supported", async (path, version) => {
    const { status, headers, text } = await ask("GET", path, upgrade(version));
    expect({ status, headers }).toMatchObject({
      status: 426,
      headers: { upgrade: "websocket", connection: "close, Upgrade", "sec-websocket-version": "13" },
    });
    expect(JSON.parse(text)).toMatchObject({
      code: "invalid_request",
      message: expect.stringContaining("version 13 is supported"),
      details: [{ field: "sec-websocket-version", expected: "13", got: version ?? "none" }],
    });
  });
});

describe("[rest.other-protocols] a request that offers another protocol than WebSocket", () => {
  test.each(["h2c", "HTTP/2.0", "TLS/1.0, h2c"])(
    "%s is answered with its body as HTTP/1.1",
    async (upgrade) => {
      const offer = {
        connection: "Upgrade, HTTP2-Settings",
        upgrade,
        "http2-settings": "AAMAAABkAAQAoAAAAAIAAAAA",
      };
      expect((await ask("GET", "/comms/peers", offer)).status).toBe(200);
      const body = JSON.stringify({ name: `by-${upgrade.toLowerCase().replace(/[^a-z0-9]+/g, "-")}` });
      const answer = await ask("POST", "/sessions", { ...offer, ...json(body) }, body);
      expect(answer.status).toBe(200);
      expect(JSON.parse(answer.text).session).toMatchObject(JSON.parse(body));
    },
  );

  test("beside WebSocket is an offer of WebSocket", async () => {
    const offer = { connection: "Upgrade", upgrade: "h2c, WebSocket" };
    expect((await ask("GET", "/rpc", offer)).headers).toMatchObject({ "sec-websocket-version": "13" });
  });
});
