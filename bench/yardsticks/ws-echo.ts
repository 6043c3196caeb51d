// The floor of a WebSocket server in Node: sends every message back as it came.
import type { AddressInfo } from "node:net";
import { WebSocketServer } from "ws";

const server = new WebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate: false });
server.on("connection", (socket) => socket.on("message", (data) => socket.send(data, { binary: false })));
server.on("listening", () => process.send!({ port: (server.address() as AddressInfo).port }));
process.on("SIGTERM", () => process.exit());
