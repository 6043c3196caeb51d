// The floor of a fan-out: frames made once, one write on every socket. A client opens a connection, sends one byte and
// gets frames from then on. Usage: raw-fan-out.ts; messages {publish: text, times} write a frame to everybody.
import { type AddressInfo, createServer, type Socket } from "node:net";

const sockets = new Set<Socket>();
const server = createServer((socket) => {
  socket.setNoDelay(true);
  socket.once("data", () => sockets.add(socket));
  socket.on("close", () => sockets.delete(socket));
  socket.on("error", () => sockets.delete(socket));
});
server.listen({ port: 0, host: "127.0.0.1", backlog: 4096 }, () =>
  process.send!({ port: (server.address() as AddressInfo).port }),
);
process.on("message", ({ publish }: { publish: string }) => {
  const frame = Buffer.from(publish);
  for (const socket of sockets) socket.write(frame);
  process.send!({ sockets: sockets.size });
});
process.on("SIGTERM", () => process.exit());
