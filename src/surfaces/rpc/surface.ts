import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import { type Authenticator, noncePattern, transportOf } from "../../kernel/authentication.js";
import type { Ambient, Principal } from "../../kernel/context.js";
import { checkContract } from "../../kernel/contract-check.js";
import { ContractError } from "../../kernel/contract-error.js";
import type { Dispatch } from "../../kernel/dispatch.js";
import { patternDetail } from "../../kernel/pattern-rules.js";
import type { RawHandler } from "../../kernel/raw.js";
import { callOf, headerOf, traceparentOf } from "../http/raw-call.js";
import { contractHeaders, writeError, writeJson } from "../http/reply.js";
import { checkWebSocketVersion, contractLines, refuseUpgrade } from "../http/socket-reply.js";
import { RpcConnection } from "./connection.js";
import { CredentialsWatch } from "./credentials-watch.js";
import { quotaExceeded } from "./exchange.js";
import { FirstFrames, type Page } from "./first-frame.js";
import { type RpcLimits, rpcLimits } from "./limits.js";
import { answerPost } from "./post.js";

export interface RpcSurfaceOptions {
  ambient: Ambient;
  dispatch: Dispatch;
  auth: Authenticator;
  /** The OpenRPC document as JSON; asked for only when somebody calls `rpc.discover`. */
  openrpc: () => Promise<string>;
  limits?: Partial<RpcLimits>;
  /** Told when a WebSocket is gone, with the connection id that its calls had. */
  onClosed?: (connectionId: string) => void;
}

/** What the WebSockets hold now. */
export interface RpcStats {
  connections: number;
  inFlight: number;
  streams: number;
}

/** JSON-RPC 2.0 at `/rpc`: over WebSocket, and by POST for unary calls. */
export interface RpcSurface {
  /** Takes over an upgrade request; refuses with a typed HTTP error. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Serves `POST /rpc`. */
  readonly post: RawHandler;
  /** Ends all connections in order; resolves when they are gone. */
  close(): Promise<void>;
  stats(): RpcStats;
}

/** The subprotocol that a client may name. */
const subprotocol = "parley";

export function createRpcSurface(options: RpcSurfaceOptions): RpcSurface {
  const { ambient, dispatch, auth, openrpc } = options;
  const limits: RpcLimits = { ...rpcLimits, ...options.limits };
  const connections = new Set<RpcConnection>();
  const credentials = new CredentialsWatch<RpcConnection>((connection) => connection.revoke());
  const firstFrames = new FirstFrames(ambient.clock, limits);
  let closing = false;

  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: limits.frameBytes,
    maxFragments: limits.fragments,
    maxBufferedChunks: limits.chunks,
    perMessageDeflate: false,
    skipUTF8Validation: false,
    handleProtocols: (offered) => (offered.has(subprotocol) ? subprotocol : false),
  });
  server.on("headers", (headers) => headers.push(...contractLines()));
  server.on("wsClientError", (error, socket) => refuse(socket, badHandshake(error)));

  function refuse(socket: Duplex, error: ContractError): void {
    refuseUpgrade(socket, error, ambient.ids.uuid());
  }

  function admit(request: IncomingMessage): Principal | Page {
    const transport = transportOf(request);
    auth.admit(request.headers, transport);
    checkWebSocketVersion(request);
    if (closing) throw new ContractError("shutting_down");
    checkContract(headerOf(request, "parley-contract"));
    const caller = auth.authenticate(request, transport) ?? pageOf(request, auth);
    if (caller === null) throw new ContractError("unauthenticated");
    if (connections.size + firstFrames.size >= limits.connections)
      throw quotaExceeded(`at most ${limits.connections} connections`);
    return caller;
  }

  function handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on("error", () => socket.destroy());
    let caller: Principal | Page;
    try {
      caller = admit(request);
    } catch (thrown) {
      refuse(socket, ContractError.from(thrown));
      return;
    }
    server.handleUpgrade(request, socket, head, (ws) => {
      const begin = (principal: Principal): void => connect(request, ws, socket as Socket, principal);
      if ("session" in caller) firstFrames.await(ws, socket as Socket, caller, begin);
      else begin(caller);
    });
  }

  function connect(request: IncomingMessage, ws: WebSocket, socket: Socket, principal: Principal): void {
    const connection = new RpcConnection(ws, socket, {
      ambient,
      dispatch,
      openrpc,
      limits,
      principal,
      session: headerOf(request, "parley-session"),
      traceparent: traceparentOf(request),
    });
    connections.add(connection);
    credentials.add(principal.ended, connection);
    void connection.closed.then(() => {
      connections.delete(connection);
      options.onClosed?.(connection.id);
      credentials.remove(principal.ended, connection);
    });
  }

  const post: RawHandler = async (request, response, raw) => {
    // GET is a safe method and runs no call: it is only the beginning of an upgrade, which does not come here.
    if (request.method !== "POST") {
      const message = "Messages are sent to /rpc by POST; GET is for the upgrade to a WebSocket.";
      writeError(request, response, new ContractError("method_not_allowed", { message }), raw.requestId, [
        "allow",
        "POST",
      ]);
      return;
    }
    const call = callOf(ambient, "rpc", request, response, raw);
    const body = await raw.readBody(limits.frameBytes);
    const answer = await answerPost(body, call, { ambient, dispatch, openrpc, limits });
    if (answer === undefined) response.writeHead(204, contractHeaders(raw.requestId)).end();
    else writeJson(response, 200, raw.requestId, answer);
  };

  return {
    handleUpgrade,
    post,
    async close() {
      closing = true;
      firstFrames.close();
      await Promise.all([...connections].map((connection) => connection.shutdown()));
    },
    stats() {
      const all = [...connections];
      return {
        connections: all.length,
        inFlight: all.reduce((sum, { inFlight }) => sum + inFlight, 0),
        streams: all.reduce((sum, { streams }) => sum + streams, 0),
      };
    },
  };
}

/** The page whose cookie the upgrade has, with the nonce of its query. */
function pageOf(request: IncomingMessage, auth: Authenticator): Page | null {
  const session = auth.unproven(request, transportOf(request));
  if (session === null) return null;
  const query = (request.url ?? "").split("?", 2)[1];
  const nonce = new URLSearchParams(query).get("nonce") ?? undefined;
  if (nonce === undefined || noncePattern.test(nonce)) return { session, nonce };
  throw new ContractError("invalid_request", {
    details: [patternDetail("nonce", noncePattern.source, nonce)],
  });
}

function badHandshake(cause: Error): ContractError {
  return new ContractError("invalid_request", {
    message: `Not a WebSocket handshake: ${cause.message}.`,
    cause,
  });
}
