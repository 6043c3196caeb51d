import type { Socket } from "node:net";
import type { WebSocket } from "ws";
import type { Wire, WireListener } from "../../../kernel/wire.js";

/** How long the other side gets for its part of the closing handshake, milliseconds. */
const closeMs = 1_000;

/** A WebSocket as a wire; `ws` is open. */
export function webSocketWire(ws: WebSocket, socket: Socket): Wire {
  let listener: WireListener | undefined;
  let over = false;
  ws.on("error", () => ws.terminate());
  ws.on("message", (data, isBinary) => {
    if (!over) listener?.message(data as Buffer, !isBinary);
  });
  ws.on("close", () => {
    if (over) return;
    over = true;
    listener?.closed();
  });
  return {
    local: isLoopback(socket.remoteAddress ?? ""),
    send(data) {
      if (!over && ws.readyState === ws.OPEN) ws.send(data);
    },
    close() {
      if (over) return;
      over = true;
      ws.close(1000);
      const timer = setTimeout(() => ws.terminate(), closeMs);
      timer.unref();
      ws.once("close", () => clearTimeout(timer));
    },
    listen(next) {
      listener = next;
    },
  };
}

export function isLoopback(address: string): boolean {
  return address === "::1" || /^(?:::ffff:)?127\./.test(address);
}
