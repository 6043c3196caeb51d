import { chmodSync, lstatSync, mkdirSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { connect, isIPv6, type Socket } from "node:net";
import { dirname } from "node:path";
import type { Duplex } from "node:stream";
import { markUnixSocket } from "../kernel/authentication.js";
import type { Clock } from "../kernel/clock.js";
import { ContractError } from "../kernel/contract-error.js";
import type { Ids } from "../kernel/ids.js";
import { FrontDoor, surplusConnections } from "./front-door.js";
import { writeError } from "./reply.js";
import { answerBrokenRequest, refuseUpgrade } from "./socket-reply.js";
import { cutStalledReaders } from "./stalled-readers.js";

export interface ListenOptions {
  handle(request: IncomingMessage, response: ServerResponse): void;
  /** Who takes over upgrades, by path. */
  upgrades: Readonly<Record<string, (request: IncomingMessage, socket: Duplex, head: Buffer) => void>>;
  host: string;
  /** 0 takes any free port. */
  port: number;
  /** How many ports to try after `port` when somebody else has it; default 32. */
  portTries?: number;
  socketPath: string;
  limits: {
    headerBytes: number;
    headerTimeoutMs: number;
    requestTimeoutMs: number;
    connections: number;
    /** Bytes of all request bodies that may be under way at once; default 64 MiB. */
    bodyBytes?: number;
  };
  clock: Clock;
  ids: Ids;
}

/** The open listeners. */
export interface Listeners {
  /** HTTP base address of the TCP listener, for example `http://127.0.0.1:7433`. */
  readonly address: string;
  readonly port: number;
  readonly socketPath: string;
  connections(): number;
  /** Takes nothing new, waits at most `drainMs` for answers under way, then cuts what is left. */
  close(drainMs: number): Promise<void>;
}

/** Another daemon of this user answers at the socket. */
export class AlreadyRunningError extends Error {
  override name = "AlreadyRunningError";
}

/** Opens the unix socket (0600) and the TCP port; both lead to the same handler. */
export async function listen(options: ListenOptions): Promise<Listeners> {
  const { connections, bodyBytes = 64 * 1024 * 1024 } = options.limits;
  // The user at his own socket is never locked out by what comes over TCP.
  const unix = httpServer(options, new FrontDoor({ connections: Number.POSITIVE_INFINITY, bodyBytes }));
  unix.on("connection", markUnixSocket);
  await listenUnix(unix, options.socketPath);
  const tcp = httpServer(options, new FrontDoor({ connections, bodyBytes }));
  tcp.maxConnections = connections + surplusConnections;
  const servers = [tcp, unix];
  const open = new Set<Socket>();
  for (const server of servers) {
    server.on("connection", (socket: Socket) => {
      open.add(socket);
      socket.once("close", () => open.delete(socket));
    });
  }
  let port: number;
  try {
    port = await listenTcp(tcp, options);
  } catch (cause) {
    unix.close();
    throw cause;
  }
  const stopLooking = cutStalledReaders(open, options.clock);
  return {
    address: `http://${reachable(options.host)}:${port}`,
    port,
    socketPath: options.socketPath,
    connections: () => open.size,
    async close(drainMs) {
      const closed = Promise.all(
        servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))),
      );
      for (const server of servers) {
        server.closeIdleConnections();
      }
      const stopTimer = options.clock.after(drainMs, () => {
        for (const socket of open) {
          socket.destroy();
        }
      });
      await closed;
      stopTimer();
      stopLooking();
    },
  };
}

function httpServer({ handle, upgrades, limits, ids }: ListenOptions, door: FrontDoor): Server {
  const enter = (request: IncomingMessage, response: ServerResponse): void => {
    if (door.isRefused(request.socket)) return;
    const problem = door.problem(request) ?? door.takeBody(request, response);
    if (problem === undefined) {
      handle(request, response);
    } else {
      door.refuse(request.socket);
      response.shouldKeepAlive = false;
      writeError(request, response, problem, ids.uuid());
    }
  };
  const server = createServer(
    {
      maxHeaderSize: limits.headerBytes,
      headersTimeout: limits.headerTimeoutMs,
      // Receiving a request, not answering it: streams and waits may take as long as they like.
      requestTimeout: Math.max(limits.requestTimeoutMs, limits.headerTimeoutMs),
      connectionsCheckingInterval: Math.min(1_000, limits.headerTimeoutMs),
      keepAliveTimeout: 65_000,
      requireHostHeader: false,
      // A header sent twice reads as both, so that nobody is served by the one that was not checked.
      joinDuplicateHeaders: true,
    },
    enter,
  );
  server.on("connection", (socket: Socket) => door.connected(socket));
  // Expecting what nobody knows of is allowed and changes nothing.
  server.on("checkExpectation", enter);
  server.on("connect", (_request: IncomingMessage, socket: Duplex) => {
    socket.on("error", () => socket.destroy());
    refuseUpgrade(socket, new ContractError("method_not_allowed"), ids.uuid());
  });
  server.on("clientError", (error: NodeJS.ErrnoException, socket: Socket) => {
    if (door.isRefused(socket)) socket.destroySoon();
    else answerBrokenRequest(error, socket, ids.uuid());
  });
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const path = (request.url ?? "").split("?", 1)[0]!;
    const take = Object.hasOwn(upgrades, path) ? upgrades[path] : undefined;
    const problem = door.problem(request);
    if (problem !== undefined || take === undefined) {
      socket.on("error", () => socket.destroy());
      refuseUpgrade(socket, problem ?? new ContractError("route_not_found"), ids.uuid());
    } else {
      take(request, socket, head);
    }
  });
  return server;
}

/** Binding takes place inside `listen`, so the mask makes the socket private from its first moment. */
async function listenUnix(server: Server, path: string): Promise<void> {
  if (Buffer.byteLength(path) > 103) {
    throw new Error(
      `the socket path ${path} is longer than systems allow (103 bytes); set [server] socket to a shorter one`,
    );
  }
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  await removeStaleSocket(path);
  const mask = process.umask(0o177);
  try {
    await started(server, () => server.listen({ path }));
  } finally {
    process.umask(mask);
  }
  chmodSync(path, 0o600);
}

/** A socket that nobody answers is left over from a crash; anything else at its path is not ours to remove. */
async function removeStaleSocket(path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) {
    return;
  }
  if (!found.isSocket()) {
    throw new Error(`${path} exists and is no socket; remove it or set [server] socket to another path`);
  }
  const answers = await new Promise<boolean>((resolve) => {
    const probe = connect(path);
    probe.once("connect", () => resolve(true));
    probe.once("error", (error: NodeJS.ErrnoException) =>
      resolve(error.code !== "ECONNREFUSED" && error.code !== "ENOENT"),
    );
    probe.once("close", () => probe.destroy());
    probe.once("connect", () => probe.destroy());
  });
  if (answers) {
    throw new AlreadyRunningError(`a daemon already answers at ${path}`);
  }
  rmSync(path, { force: true });
}

async function listenTcp(server: Server, { host, port, portTries = 32 }: ListenOptions): Promise<number> {
  const last = port === 0 ? 0 : Math.min(port + portTries, 65_535);
  for (let candidate = port; ; candidate += 1) {
    try {
      await started(server, () => server.listen({ host, port: candidate, exclusive: true }));
      break;
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== "EADDRINUSE" || candidate >= last) {
        throw cause;
      }
    }
  }
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : port;
}

function started(server: Server, begin: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (then: () => void): void => {
      server.off("listening", onListening);
      server.off("error", onError);
      then();
    };
    const onListening = (): void => settle(resolve);
    const onError = (cause: Error): void => settle(() => reject(cause));
    server.once("listening", onListening);
    server.once("error", onError);
    begin();
  });
}

/** A wildcard address is nothing to connect to. */
function reachable(host: string): string {
  if (host === "0.0.0.0" || host === "::") {
    return "127.0.0.1";
  }
  return isIPv6(host) ? `[${host}]` : host;
}
