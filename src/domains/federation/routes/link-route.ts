import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { WebSocketServer } from "ws";
import { type Authenticator, transportOf } from "../../../kernel/authentication.js";
import { ContractError } from "../../../kernel/contract-error.js";
import type { RawHandler } from "../../../kernel/raw.js";
import { maxFrameBytes, type Wire } from "../../../kernel/wire.js";
import { webSocketWire } from "./web-socket-wire.js";

export interface LinkRouteOptions {
  auth: Authenticator;
  /** Answers an upgrade that is not granted. */
  refuse(socket: Duplex, error: ContractError): void;
  /** Throws when an upgrade asks for another version of WebSocket than is spoken here. */
  checkVersion(request: IncomingMessage): void;
  /** Gets each connection; who is at its other end, the first frames prove. */
  accept(wire: Wire): void;
}

export interface LinkRoute {
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Answers a request that is no upgrade. */
  readonly refusePlain: RawHandler;
  /** Nothing new is taken. */
  close(): void;
}

/** `/link`: another daemon's WebSocket. Host and Origin are checked as everywhere; the proof of keys follows inside. */
export function createLinkRoute({ auth, refuse, checkVersion, accept }: LinkRouteOptions): LinkRoute {
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: maxFrameBytes,
    maxFragments: 256,
    perMessageDeflate: false,
  });
  let closing = false;
  server.on("wsClientError", (cause, socket) =>
    refuse(
      socket,
      new ContractError("invalid_request", {
        message: `Not a WebSocket handshake: ${cause.message}.`,
        cause,
      }),
    ),
  );
  return {
    handleUpgrade(request, socket, head) {
      socket.on("error", () => socket.destroy());
      try {
        auth.admit(request.headers, transportOf(request));
        checkVersion(request);
        if (closing) throw new ContractError("shutting_down");
      } catch (thrown) {
        refuse(socket, ContractError.from(thrown));
        return;
      }
      server.handleUpgrade(request, socket, head, (ws) => accept(webSocketWire(ws, socket as Socket)));
    },
    refusePlain: () => {
      throw new ContractError("invalid_request", {
        message: "Daemons meet here by WebSocket; pair with `parley endpoint pair`.",
      });
    },
    close() {
      closing = true;
    },
  };
}
