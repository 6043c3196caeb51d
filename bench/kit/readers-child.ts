// Many readers of a stream on raw sockets; counts the events that arrive, nothing else.
import { connect, type Socket } from "node:net";
import type { ReadersSpec } from "./readers.js";
import { marker } from "./speaker.js";
import { clientFrame } from "./ws-frames.js";

const markerByte = marker.charCodeAt(0);
const pong = Buffer.from([0x8a, 0x80, 0, 0, 0, 0]);

const keepsAlive = new WeakSet<Socket>();
let sockets: Socket[] = [];
let count = 0;
let waiting: { total: number; done(): void } | undefined;

setInterval(() => {
  for (const socket of sockets) if (keepsAlive.has(socket)) socket.write(pong);
}, 5_000).unref();

process.on(
  "message",
  (message: { open?: ReadersSpec; received?: number; close?: boolean }) =>
    void handle(message).then(
      () => process.send!({}),
      (error: Error) => process.send!({ failure: error.message }),
    ),
);
process.send!("ready");

async function handle(message: { open?: ReadersSpec; received?: number; close?: boolean }): Promise<void> {
  if (message.open !== undefined) {
    count = 0;
    const { connections } = message.open;
    // In small groups, so that the listener's queue never overflows.
    for (let first = 0; first < connections; first += 50) {
      const group = Math.min(50, connections - first);
      sockets.push(...(await Promise.all(Array.from({ length: group }, () => openReader(message.open!)))));
    }
  }
  if (message.received !== undefined) {
    const total = message.received;
    if (count < total) await new Promise<void>((done) => (waiting = { total, done }));
  }
  if (message.close === true) {
    for (const socket of sockets)
      socket
        .removeAllListeners()
        .on("error", () => undefined)
        .destroy();
    sockets = [];
  }
}

function openReader({ protocol, port, head, message }: ReadersSpec): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1").setNoDelay(true);
    let opening = "";
    let isOpen = false;
    const opened = (): void => {
      isOpen = true;
      resolve(socket);
    };
    socket.on("error", reject);
    socket.on("close", () => reject(new Error(`a reader's connection ended: ${opening.slice(0, 500)}`)));
    socket.on("connect", () => {
      socket.write(head);
      if (protocol === "raw") opened();
    });
    socket.on("data", (chunk: Buffer) => {
      if (!isOpen) {
        opening += chunk.toString("latin1");
        if (protocol === "ws" && message !== undefined && opening.includes("\r\n\r\n")) {
          socket.write(clientFrame(message));
          keepsAlive.add(socket);
          message = undefined;
        }
        if (opening.includes('"snapshot"')) opened();
      }
      for (let at = chunk.indexOf(markerByte); at !== -1; at = chunk.indexOf(markerByte, at + 1)) count += 1;
      if (waiting !== undefined && count >= waiting.total) {
        waiting.done();
        waiting = undefined;
      }
    });
  });
}
