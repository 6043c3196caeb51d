import { ask, type Running, start } from "./process.js";

/** Readers of one stream, all in one process on the load's processor; they count marked events. */
export interface ReadersSpec {
  protocol: "sse" | "ws" | "raw";
  port: number;
  connections: number;
  /** Bytes that begin the connection. */
  head: string;
  /** WebSocket: the message that opens the stream. */
  message?: string;
}

export interface Readers extends AsyncDisposable {
  /** Resolves when every reader has its stream. */
  open(spec: ReadersSpec): Promise<void>;
  /** Resolves when this many events in all have arrived since the opening. */
  received(total: number): Promise<void>;
  /** Closes the connections; the readers can be opened again. */
  close(): Promise<void>;
}

export async function startReaders(): Promise<Readers> {
  const child: Running = await start({ side: "load", script: "kit/readers-child.ts" });
  return {
    open: (open) => ask(child, { open }),
    received: (received) => ask(child, { received }),
    close: () => ask(child, { close: true }),
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  };
}

/** The request for a session's events as server-sent events. */
export function sseHead(token: string, query: string): string {
  return `GET /comms/stream?${query} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer ${token}\r\naccept: text/event-stream\r\n\r\n`;
}
