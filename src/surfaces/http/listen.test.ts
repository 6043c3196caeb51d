import { once } from "node:events";
import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { type IncomingMessage, request, type ServerResponse } from "node:http";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { SimulatedClock } from "../../../test/support/simulated-clock.js";
import { transportOf } from "../../kernel/authentication.js";
import { systemClock } from "../../kernel/clock.js";
import { systemIds } from "../../kernel/ids.js";
import { silentLogger } from "../../kernel/logger.js";
import { socketPlaces } from "../../platform/socket-places.js";
import { systemFailure } from "../../platform/system-failure.js";
import { AlreadyRunningError, type Listeners, type ListenOptions, listen } from "./listen.js";

let folder: string;
const open: { close(): unknown }[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "parley-listen-"));
});
afterEach(async () => {
  for (const each of open.splice(0)) {
    await each.close();
  }
  rmSync(folder, { recursive: true, force: true });
});

interface StartOptions extends Partial<ListenOptions> {
  socketPath?: string;
}

async function start({ socketPath, ...options }: StartOptions = {}): Promise<Listeners> {
  const path = socketPath ?? join(folder, "run", "d.sock");
  const listeners = await listen({
    handle: (asked: IncomingMessage, answer: ServerResponse) => void answer.end(transportOf(asked)),
    upgrades: {},
    host: "127.0.0.1",
    port: 0,
    socketPlaces: [socketPlaces(path)[0]!],
    clock: systemClock,
    log: silentLogger,
    ids: systemIds(systemClock),
    limits: { headerBytes: 4096, headerTimeoutMs: 10_000, requestTimeoutMs: 30_000, connections: 100 },
    ...options,
  });
  open.push({ close: () => listeners.close(0) });
  return listeners;
}

function ask(where: { port: number } | { socketPath: string }): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: "127.0.0.1", agent: false, ...where }, (response) => {
      let text = "";
      response.on("data", (chunk: Buffer) => {
        text += chunk;
      });
      response.on("end", () => resolve(text));
    });
    asked.on("error", reject);
    asked.end();
  });
}

/** Sends raw bytes and resolves with everything that comes back until the end. */
function raw(port: number, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(bytes));
    let text = "";
    socket.on("data", (chunk) => {
      text += chunk;
    });
    socket.on("error", reject);
    socket.on("close", () => resolve(text));
  });
}

describe("listening", () => {
  test("[rest.listen] both listeners lead to one handler that can tell them apart", async () => {
    const { port, socketPath, address } = await start();
    expect(address).toBe(`http://127.0.0.1:${port}`);
    expect(await ask({ port })).toBe("tcp");
    expect(await ask({ socketPath })).toBe("unix");
  });

  test("[rest.socket-mode] socket and folder belong to the user alone, whatever the mask says", async () => {
    const before = process.umask(0);
    try {
      const { socketPath } = await start();
      expect(statSync(socketPath).mode & 0o777).toBe(0o600);
      expect(statSync(join(folder, "run")).mode & 0o777).toBe(0o700);
      expect(process.umask()).toBe(0);
    } finally {
      process.umask(before);
    }
  });

  test("[rest.socket-stale] what a crash left behind is replaced; a living daemon and foreign files are not", async () => {
    const socketPath = join(folder, "d.sock");
    const child = createServer();
    await new Promise<void>((resolve) => child.listen(socketPath, resolve));
    await expect(start({ socketPath })).rejects.toThrow(AlreadyRunningError);
    await new Promise((resolve) => child.close(resolve));
    const { spawnSync } = await import("node:child_process");
    // A process that ends without closing leaves its socket file, as a crash does.
    const script = `require("net").createServer().listen(${JSON.stringify(socketPath)}, () => process.kill(process.pid, "SIGKILL"))`;
    spawnSync(process.execPath, ["-e", script]);
    expect(statSync(socketPath).isSocket()).toBe(true);
    const listeners = await start({ socketPath });
    expect(await ask({ socketPath })).toBe("unix");
    await listeners.close(0);
    const file = join(folder, "notes.txt");
    writeFileSync(file, "mine");
    chmodSync(file, 0o600);
    await expect(start({ socketPath: file })).rejects.toThrow("is no socket");
    expect(statSync(file).isFile()).toBe(true);
  });

  test("[rest.socket-path] a path too long for the system is refused with its length and the limit", async () => {
    const path = join(folder, "x".repeat(120));
    await expect(start({ socketPath: path })).rejects.toThrow(
      new RegExp(`${path} is longer than the system allows: ${path.length} of at most 10[37] bytes`),
    );
  });

  test("[rest.port] a taken port leads to the next one, but only when there is one to try", async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    open.push({ close: () => new Promise((resolve) => other.close(resolve)) });
    const { port: taken } = other.address() as { port: number };
    const { port } = await start({ port: taken });
    expect(port).toBeGreaterThan(taken);
    expect(port).toBeLessThanOrEqual(taken + 32);
    const alone = start({ port: taken, portTries: 0, socketPath: join(folder, "other.sock") });
    await expect(alone).rejects.toThrow("EADDRINUSE");
  });

  test("[rest.stop] closing waits for answers under way, then cuts what is left", async () => {
    const reached = Promise.withResolvers<ServerResponse>();
    const { port, close, connections } = await start({ handle: (_asked, answer) => reached.resolve(answer) });
    const asked = ask({ port });
    const answer = await reached.promise;
    expect(connections()).toBe(1);
    const closed = close(60_000);
    await expect(ask({ port })).rejects.toThrow();
    answer.end("late");
    expect(await asked).toBe("late");
    await closed;

    const stuck = Promise.withResolvers<void>();
    const second = await start({ handle: () => stuck.resolve() });
    const hanging = ask({ port: second.port });
    hanging.catch(() => {});
    await stuck.promise;
    await second.close(1);
    await expect(hanging).rejects.toThrow();
    await expect.poll(() => second.connections()).toBe(0);
  });
});

describe("broken and hostile bytes", () => {
  test("[rest.http-errors] bytes that are no HTTP get a typed answer", async () => {
    const { port } = await start();
    const answer = await raw(port, "HELLO\r\n\r\n");
    expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    expect(JSON.parse(answer.split("\r\n\r\n")[1]!)).toMatchObject({ code: "invalid_request" });
  });

  test("[rest.http-errors] too many headers get 431", async () => {
    const { port } = await start();
    const answer = await raw(port, `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${"y".repeat(5000)}\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 431 /);
  });

  test("[rest.slow-headers] a client that never finishes its head is cut with 408", async () => {
    const limits = { headerBytes: 4096, headerTimeoutMs: 150, requestTimeoutMs: 150, connections: 100 };
    const { port } = await start({ limits });
    expect(await raw(port, "GET / HTTP/1.1\r\nHost: localhost\r\n")).toMatch(/^HTTP\/1\.1 408 /);
  });

  test("[rest.upgrade] an upgrade elsewhere is refused; a known path gets the socket", async () => {
    const taken = Promise.withResolvers<string>();
    const { port } = await start({
      upgrades: {
        "/rpc": (asked, socket) => {
          taken.resolve(asked.url!);
          (socket as Socket).end();
        },
      },
    });
    const head = (path: string): string =>
      `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`;
    expect(await raw(port, head("/elsewhere"))).toMatch(/^HTTP\/1\.1 404 /);
    expect(await raw(port, head("/__proto__"))).toMatch(/^HTTP\/1\.1 404 /);
    await raw(port, head("/rpc?x=1"));
    expect(await taken.promise).toBe("/rpc?x=1");
  });

  test("[rest.connections] connections over the limit are told so and closed; the first go on", async () => {
    const limits = { headerBytes: 4096, headerTimeoutMs: 10_000, requestTimeoutMs: 30_000, connections: 1 };
    const { port, socketPath } = await start({ limits });
    const first = connect(port, "127.0.0.1");
    await new Promise((resolve) => first.once("connect", resolve));
    const answer = await raw(port, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    expect(answer).toMatch(/^HTTP\/1\.1 429 [\s\S]*\r\nretry-after: 1\r\n[\s\S]*\r\nConnection: close\r\n/i);
    expect(JSON.parse(answer.split("\r\n\r\n")[1]!)).toMatchObject({
      code: "quota_exceeded",
      details: [{ expected: "at most 1 connections" }],
    });
    const upgrade =
      "GET /rpc HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
    expect(await raw(port, upgrade)).toMatch(/^HTTP\/1\.1 429 /);
    expect(await ask({ socketPath })).toBe("unix");
    const served = new Promise((resolve) => first.once("data", (chunk) => resolve(String(chunk))));
    first.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    expect(await served).toMatch(/^HTTP\/1\.1 200 /);
    first.destroy();
  });

  test("[daemon.typed-failures] a taken port is named when no other may be tried", async () => {
    const { port } = await start();
    const error = await start({ port, portTries: 0, socketPath: join(folder, "other.sock") }).catch(
      (cause) => cause,
    );
    expect(systemFailure(error)).toEqual({
      code: "address_unavailable",
      message: `127.0.0.1:${port} is taken by another program; choose another \`port\` in [server], or 0 for any free one (EADDRINUSE).`,
    });
  });

  test.each([
    ["Host twice", "GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.test\r\n\r\n", "host"],
    ["no path", "GET * HTTP/1.1\r\nHost: localhost\r\n\r\n", ""],
    [
      "a body that ends nobody knows where",
      "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
      "transfer-encoding",
    ],
    ["another authority in the target", "GET http://evil.test/ HTTP/1.1\r\nHost: localhost\r\n\r\n", ""],
    [
      "both in an upgrade",
      "GET //evil.test HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n",
      "host",
    ],
  ])("[rest.one-target] %s is refused before anything is served", async (_what, bytes, field) => {
    const { port } = await start({ handle: () => expect.unreachable() });
    const [head, body] = (await raw(port, bytes)).split("\r\n\r\n");
    expect(head).toMatch(/^HTTP\/1\.1 400 /);
    expect(JSON.parse(body!)).toMatchObject({ code: "invalid_request", details: [{ field }] });
  });

  test("[rest.one-target] what follows a refused request is neither served nor answered", async () => {
    let served = 0;
    const { port } = await start({
      handle: (_asked, answer) => {
        served += 1;
        answer.end();
      },
    });
    const smuggled = "GET /inner HTTP/1.1\r\nHost: localhost\r\n\r\nNO HTTP\r\n\r\n";
    const answer = await raw(
      port,
      `POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: identity\r\n\r\n${smuggled}`,
    );
    expect(answer.match(/HTTP\/1\.1 [0-9]+/g)).toEqual(["HTTP/1.1 400"]);
    expect(served).toBe(0);
  });

  test("[rest.one-target] a tunnel is refused; an unknown expectation changes nothing", async () => {
    const { port } = await start();
    expect(await raw(port, "CONNECT localhost:1 HTTP/1.1\r\nHost: localhost\r\n\r\n")).toMatch(
      /^HTTP\/1\.1 405 [\s\S]*"code":"method_not_allowed"/,
    );
    const expecting = "GET / HTTP/1.1\r\nHost: localhost\r\nExpect: magic\r\nConnection: close\r\n\r\n";
    expect(await raw(port, expecting)).toMatch(/^HTTP\/1\.1 200 /);
  });

  test("[rest.body-room] bodies under way have a common limit, and room comes back with each answer", async () => {
    const taken: ServerResponse[] = [];
    const waiting: ((answer: ServerResponse) => void)[] = [];
    const { port } = await start({
      handle: (_asked, answer) => void (waiting.shift()?.(answer) ?? taken.push(answer)),
      limits: {
        headerBytes: 4096,
        headerTimeoutMs: 1e4,
        requestTimeoutMs: 3e4,
        connections: 9,
        bodyBytes: 50_000,
      },
    });
    const head = (length: number): string =>
      `POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: ${length}\r\n\r\n`;
    const entered = new Promise<ServerResponse>((resolve) => waiting.push(resolve));
    const first = raw(port, head(40_000) + "x".repeat(40_000));
    const answer = await entered;
    expect(await raw(port, head(20_000))).toMatch(/^HTTP\/1\.1 429 [\s\S]*"at most 50000 bytes of bodies/);
    answer.end("done");
    await first;
    const second = new Promise<ServerResponse>((resolve) => waiting.push(resolve));
    const again = raw(port, head(20_000) + "x".repeat(20_000));
    (await second).end("served");
    expect(await again).toContain("served");
  });
});

test("[telemetry.loop-delay] requests and the chunks of upgraded connections are reported before they are handled", async () => {
  const seen: string[] = [];
  const { port } = await start({
    arrivals: {
      requestArrives: ({ url }) => void seen.push(`arrives ${url}`),
      bytesArrive: () => void seen.push("bytes"),
    },
    handle: ({ url }, answer) => {
      seen.push(`handled ${url}`);
      answer.end();
    },
    upgrades: {
      "/up": (_request, socket) => {
        socket.on("data", (chunk) => {
          seen.push(String(chunk));
          socket.end();
        });
        socket.write("taken");
      },
    },
  });
  await ask({ port });
  const client = connect(port, "127.0.0.1", () =>
    client.write("GET /up HTTP/1.1\r\nHost: localhost\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"),
  );
  client.once("data", () => client.write("frame"));
  await once(client, "close");
  expect(seen).toEqual(["arrives /", "handled /", "bytes", "frame"]);
});

test("[surfaces.stalled-reader] an answer that nobody reads ends with its connection", async () => {
  const clock = new SimulatedClock();
  const written = Promise.withResolvers<ServerResponse>();
  const { port } = await start({
    clock,
    handle: (_asked, answer) => {
      answer.end(Buffer.alloc(16 * 1024 * 1024));
      written.resolve(answer);
    },
  });
  const client = connect(port, "127.0.0.1", () => client.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"));
  client.pause();
  const answer = await written.promise;
  clock.advance(60 * 60_000);
  expect(answer.socket!.destroyed).toBe(true);
  client.destroy();
});
