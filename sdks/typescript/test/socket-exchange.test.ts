import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { createClient, type ParleyError } from "../src/index.js";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A server on a unix socket that answers every request with these pieces and then ends; tells the request's text. */
async function answering(
  ...pieces: string[]
): Promise<{ socketPath: string; asked: () => string } & AsyncDisposable> {
  const folder = mkdtempSync(join(tmpdir(), "parley-exchange-"));
  folders.push(folder);
  const socketPath = join(folder, "s");
  let asked = "";
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.once("data", async (chunk) => {
      asked = chunk.toString();
      for (const piece of pieces) {
        await new Promise((resolve) => socket.write(piece, resolve));
        await new Promise(setImmediate);
      }
      socket.end();
    });
  });
  await once(server.listen(socketPath), "listening");
  return {
    socketPath,
    asked: () => asked,
    [Symbol.asyncDispose]: async () => {
      server.close();
      await once(server, "close");
    },
  };
}

const json = JSON.stringify({ jsonrpc: "2.0", id: 1, result: { peers: [], generation: 7, note: "ä" } });
const length = Buffer.byteLength(json);
const head = (...lines: string[]): string =>
  ["HTTP/1.1 200 OK", "Content-Type: application/json", ...lines, "", ""].join("\r\n");
const half = Math.floor(json.length / 2);

test.each<[string, string[]]>([
  ["with its length", [head(`Content-Length: ${length}`) + json]],
  ["in pieces", [...head(`content-length: ${length}`), json.slice(0, half), json.slice(half)]],
  ["in chunks", [head("Transfer-Encoding: chunked"), `${length.toString(16)}\r\n${json}\r\n`, "0\r\n\r\n"]],
  ["to the end of the connection", [head(), json.slice(0, half), json.slice(half)]],
])("[sdk.socket-exchange] a reply %s is read whole", async (_name, pieces) => {
  await using server = await answering(...pieces);
  await using client = createClient({ socketPath: server.socketPath, keepAlive: false, retries: 0 });
  expect(await client.call("comms.peers", {})).toEqual({ peers: [], generation: 7, note: "ä" });
  expect(server.asked()).toMatch(/^POST \/rpc HTTP\/1\.1\r\nconnection: close\r\nhost: localhost\r\n/);
});

test.each<[string, string[]]>([
  ["shorter than it says", [head(`content-length: ${length + 1}`) + json]],
  ["without its last chunk", [head("transfer-encoding: chunked"), `${length.toString(16)}\r\n${json}\r\n`]],
  ["without the end of its head", ["HTTP/1.1 200 OK\r\n"]],
  ["that is no HTTP", ["SSH-2.0-OpenSSH\r\n\r\n"]],
  ["of no bytes", []],
])("[sdk.socket-exchange] a reply %s is a lost connection", async (_name, pieces) => {
  await using server = await answering(...pieces);
  await using client = createClient({ socketPath: server.socketPath, keepAlive: false, retries: 0 });
  const failure = await client.call("comms.peers", {}).catch((error: ParleyError) => error);
  expect(failure).toMatchObject({ code: "daemon_unreachable" });
});

test("[sdk.socket-exchange] what has no place in a header is refused, not sent", async () => {
  await using server = await answering(head(`content-length: ${length}`) + json);
  const session = "a\r\nparley-session: b";
  await using client = createClient({ socketPath: server.socketPath, keepAlive: false, retries: 0, session });
  await expect(client.call("comms.peers", {})).rejects.toThrow();
  expect(server.asked()).toBe("");
});

test("[sdk.socket-exchange] nobody at the socket is told as such, and a time limit ends the wait", async () => {
  await using gone = createClient({ socketPath: "/nonexistent/s", keepAlive: false, retries: 0 });
  await expect(gone.call("comms.peers", {})).rejects.toMatchObject({ code: "daemon_unreachable" });
  const folder = mkdtempSync(join(tmpdir(), "parley-exchange-"));
  folders.push(folder);
  const silent = createServer(() => undefined);
  await once(silent.listen(join(folder, "s")), "listening");
  await using client = createClient({
    socketPath: join(folder, "s"),
    keepAlive: false,
    retries: 0,
    timeout: 20,
  });
  await expect(client.call("comms.peers", {})).rejects.toMatchObject({ code: "deadline_exceeded" });
  silent.close();
});
