import { once } from "node:events";
import { WebSocket } from "ws";
import { operations } from "../../../src/generated/operations.js";
import type { TestDaemon } from "../../support/daemon.js";
import { errorShape, type Outcome, type Surface } from "../surface.js";

/** JSON-RPC over a WebSocket, one connection for each acting session. */
export function rpcSurface(daemon: TestDaemon): Surface {
  const sockets = new Map<string, Promise<WebSocket>>();
  let nextId = 0;
  const connect = async (session: string): Promise<WebSocket> => {
    const socket = new WebSocket(`${daemon.address.replace("http", "ws")}/rpc`, {
      headers: { authorization: `Bearer ${daemon.token}` },
    });
    await once(socket, "open");
    await exchange(socket, "initialize", {
      client: { name: "vectors" },
      contract: "0.3.0",
      ...(session === "" ? {} : { session }),
    });
    return socket;
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
    async call(operation, request, session = "") {
      const pending = sockets.get(session) ?? connect(session);
      sockets.set(session, pending);
      return exchange(await pending, operations[operation].rpc!, request);
    },
    async close() {
      for (const socket of sockets.values()) (await socket).terminate();
    },
  };
}
