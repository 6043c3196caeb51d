import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { createClient, type Parley } from "../src/index.js";
import { FetchTransport } from "../src/runtime/browser/fetch-transport.js";
import { Deadline } from "../src/runtime/deadline.js";

const command = { kind: "peer_message", to: "bob", body: "private" } as const;
const scope = { kind: "session", session_id: "0199f3a0-4c3e-7a10-8f11-6a1d2c3b4e5f" } as const;

/** Everything that reaches a server is a failure. */
async function stranger(): Promise<{ url: string; received: string[] }> {
  const received: string[] = [];
  const note = (request: IncomingMessage): void => void received.push(`${request.method} ${request.url}`);
  const server = createServer((request, response) => {
    note(request);
    response.writeHead(200, { "content-type": "application/json" }).end("{}");
  });
  server.on("upgrade", (request, socket) => {
    note(request);
    socket.destroy();
  });
  return { url: await listening(server), received };
}

async function redirecting(status: number, location: string): Promise<string> {
  const server = createServer((_, response) => response.writeHead(status, { location }).end());
  server.on("upgrade", (_, socket) =>
    socket.end(
      `HTTP/1.1 ${status} Moved\r\nlocation: ${location}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`,
    ),
  );
  return listening(server);
}

async function listening(server: Server): Promise<string> {
  await once(server.listen(0, "127.0.0.1"), "listening");
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe.each([301, 302, 303, 307, 308])(
  "[trust.origin-only] a redirect with HTTP %d is not followed",
  (status) => {
    test.each<[string, (client: Parley) => PromiseLike<unknown>]>([
      ["over a WebSocket", (client) => client.send(command)],
      ["over HTTP", (client) => client.system.status()],
      ["by a post", (client) => client.send(command, { headers: { "x-a": "1" } })],
      ["by a stream over a WebSocket", (client) => client.stream(scope).opened],
      ["by a stream over HTTP", (client) => client.stream(scope, { headers: { "x-a": "1" } }).opened],
      ["by the exchange of MCP", (client) => client.exchangeMcp("{}")],
    ])("%s", async (_, call) => {
      const { url, received } = await stranger();
      const baseUrl = await redirecting(status, `${url}/taken`);
      await using client = createClient({ baseUrl, token: "parley_abc_secret", retries: 0 });
      await expect(call(client)).rejects.toMatchObject({
        code: "daemon_unreachable",
        message: expect.stringContaining(`redirect (HTTP ${status})`),
      });
      expect(received).toEqual([]);
    });

    test("by a page", async () => {
      const { url, received } = await stranger();
      const transport = new FetchTransport(await redirecting(status, `${url}/taken`));
      // Without a sign-in a page sends no body at all, wherever it goes.
      const request = { method: "GET", path: "/v1/status", headers: { "parley-session": "me" } };
      const deadline = new Deadline(5_000);
      await expect(transport.request(request, deadline)).rejects.toMatchObject({
        code: "daemon_unreachable",
      });
      deadline.done();
      expect(received).toEqual([]);
    });
  },
);
