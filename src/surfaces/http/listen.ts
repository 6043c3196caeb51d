import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { isIPv6, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { markUnixSocket } from "../../kernel/authentication.js";
import type { Clock } from "../../kernel/clock.js";
import { ContractError } from "../../kernel/contract-error.js";
import type { Ids } from "../../kernel/ids.js";
import type { Logger } from "../../kernel/logger.js";
import { connectionRoom, type Room } from "./connection-room.js";
import { FrontDoor } from "./front-door.js";
import { writeError } from "./reply.js";
import { answerBrokenRequest, refuseUpgrade } from "./socket-reply.js";
import { cutStalledReaders } from "./stalled-readers.js";
import { started } from "./started.js";
import { UnixListener } from "./unix-listener.js";

export { AlreadyRunningError } from "./unix-listener.js";

export interface ListenOptions {
  handle(request: IncomingMessage, response: ServerResponse): void;
  /** Who takes over upgrades, by path. */
  upgrades: Readonly<Record<string, (request: IncomingMessage, socket: Duplex, head: Buffer) => void>>;
  host: string;
  /** 0 takes any free port. */
  port: number;
  /** How many ports to try after `port` when somebody else has it; default 32. */
  portTries?: number;
  /** Prepares a folder and returns the unix socket's path, best first; throws with the reason when it cannot lie there. */
  socketPlaces: readonly (() => string)[];
  /** Calls back when something may have happened to the path, so that the socket is looked after at once. Default: none. */
  watchPath?(path: string, changed: () => void): () => void;
  /** The unix socket was created again, at this path. */
  onSocketCreated?(path: string): void;
  /** Is called before what arrives is parsed: with each request, and with each chunk of an upgraded connection. */
  arrivals?: { requestArrives(request: IncomingMessage): void; bytesArrive(): void };
  limits: {
    headerBytes: number;
    headerTimeoutMs: number;
    requestTimeoutMs: number;
    connections: number;
    /** Files that this process may open; undefined where there is no limit. */
    openFiles?: number | undefined;
    /** Bytes of all request bodies that may be under way at once; default 64 MiB. */
    bodyBytes?: number;
  };
  clock: Clock;
  ids: Ids;
  log: Logger;
}

/** The open listeners. */
export interface Listeners {
  /** HTTP base address of the TCP listener, for example `http://127.0.0.1:7433`. */
  readonly address: string;
  readonly port: number;
  readonly socketPath: string;
  connections(): number;
  /** Creates the unix socket again when its file was removed or replaced, beyond what the system reports by itself. */
  checkSocket(): Promise<void>;
  /** Takes nothing new, waits at most `drainMs` for answers under way, then cuts what is left. */
  close(drainMs: number): Promise<void>;
}

/** Opens the unix socket (0600) and the TCP port; both lead to the same handler. */
export async function listen(options: ListenOptions): Promise<Listeners> {
  const { connections, openFiles, bodyBytes = 64 * 1024 * 1024 } = options.limits;
  const open = new Set<Socket>();
  const track = (server: Server): Server =>
    server.on("connection", (socket: Socket) => {
      open.add(socket);
      socket.once("close", () => open.delete(socket));
    });
  // The user at their own socket is never locked out by what arrives over TCP.
  const room = connectionRoom(connections, openFiles);
  const unixDoor = new FrontDoor({ connections: room.unix.served, bodyBytes });
  const unix = await UnixListener.open({
    places: options.socketPlaces,
    createServer: () =>
      limited(track(httpServer(options, unixDoor).on("connection", markUnixSocket)), room.unix),
    watchPath: options.watchPath ?? (() => () => undefined),
    clock: options.clock,
    log: options.log,
    onCreated: (path) => options.onSocketCreated?.(path),
  });
  const tcpDoor = new FrontDoor({ connections: room.tcp.served, bodyBytes });
  const tcp = limited(track(httpServer(options, tcpDoor)), room.tcp);
  let port: number;
  try {
    port = await listenTcp(tcp, options);
  } catch (cause) {
    unix.close();
    for (const server of unix.servers) server.close();
    throw cause;
  }
  const stopLooking = cutStalledReaders(open, options.clock);
  return {
    address: `http://${reachable(options.host)}:${port}`,
    port,
    get socketPath() {
      return unix.path;
    },
    connections: () => open.size,
    checkSocket: () => unix.check(),
    async close(drainMs) {
      unix.close();
      const closed = Promise.all(
        [tcp, ...unix.servers].map((server) => new Promise<void>((resolve) => server.close(() => resolve()))),
      );
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

function limited(server: Server, { served, surplus }: Room): Server {
  if (Number.isFinite(served)) server.maxConnections = served + surplus;
  return server;
}

function httpServer({ handle, upgrades, arrivals, limits, ids }: ListenOptions, door: FrontDoor): Server {
  const enter = (request: IncomingMessage, response: ServerResponse): void => {
    arrivals?.requestArrives(request);
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
      // Node's timer runs at this interval even without connections. A late request is cut up to so much later.
      connectionsCheckingInterval: Math.min(2_500, Math.ceil(limits.headerTimeoutMs / 4)),
      keepAliveTimeout: 65_000,
      requireHostHeader: false,
      // A header sent twice reads as both, so that nobody is served by the one that was not checked.
      joinDuplicateHeaders: true,
      // An offer of another protocol may be ignored (RFC 9110, 7.8). Java's client makes one, h2c, with every request.
      shouldUpgradeCallback: ({ headers }) => /(?:^|,)\s*websocket\s*(?:,|$)/i.test(headers.upgrade ?? ""),
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
      if (arrivals !== undefined) socket.prependListener("data", () => arrivals.bytesArrive());
    }
  });
  return server;
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

/** A wildcard address is nothing to connect to. */
function reachable(host: string): string {
  if (host === "0.0.0.0" || host === "::") {
    return "127.0.0.1";
  }
  return isIPv6(host) ? `[${host}]` : host;
}
