import { once } from "node:events";
import { WebSocket } from "ws";
import { operations } from "../../../src/generated/operations.js";
import type { TestDaemon } from "../../support/daemon.js";
import { errorShape, type Outcome, type Surface } from "../surface.js";

/** JSON-RPC over a WebSocket, one connection for each acting session. */
export function rpcSurface(daemon: TestDaemon): Surface {
  const sockets = new Map<string, Promise<WebSocket | Outcome>>();
  let nextId = 0;
  /** A connection that acts as the session, or why there is none. */
  const connect = async (session: string, token: string): Promise<WebSocket | Outcome> => {
    const socket = new WebSocket(`${daemon.address.replace("http", "ws")}/rpc`, {
      headers: { authorization: `Bearer ${token}` },
    });
    await once(socket, "open");
    const greeting = await exchange(socket, "initialize", {
      client: { name: "vectors" },
      contract: "0.3.0",
      ...(session === "" ? {} : { session }),
    });
    if ("response" in greeting) return socket;
    socket.terminate();
    return greeting;
  };
  const exchange = (socket: WebSocket, method: string, params: unknown): Promise<Outcome> => {
    const id = ++nextId;
    return new Promise((resolve) => {
      const listen = (data: Buffer): void => {
        const message = JSON.parse(data.toString());
        if (message.id !== id) return;
        socket.off("message", listen);
        resolve(
          "error" in message ? { error: errorShape(message.error.data) } : { response: message.result },
        );
      };
      socket.on("message", listen);
      socket.send(JSON.stringify({ jsonrpc: "2.0", id, method, params }));
    });
  };
  return {
    name: "rpc",
    async call(operation, request, session = "", token = daemon.token) {
      const key = `${session} ${token}`;
      const pending = sockets.get(key) ?? connect(session, token);
      sockets.set(key, pending);
      const connected = await pending;
      if (!(connected instanceof WebSocket)) return connected;
      return exchange(connected, operations[operation].rpc!, request);
    },
    async close() {
      for (const pending of sockets.values()) {
        const connected = await pending;
        if (connected instanceof WebSocket) connected.terminate();
      }
    },
  };
}
