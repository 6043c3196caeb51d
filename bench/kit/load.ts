import { ask, pinned, type Running, start } from "./process.js";

/** Requests over connections that each keep the same number of calls in flight, for a time. */
export interface LoadSpec {
  protocol: "http" | "ws" | "nats";
  port: number;
  connections: number;
  /** Per connection; HTTP and NATS have one. */
  inFlight: number;
  /** HTTP: the request with headers and body. WebSocket: the upgrade request. NATS: the subject. Connections take turns with several. */
  head: string | readonly string[];
  /** WebSocket: the message; `$ID` becomes the number of the call's slot. NATS: the payload. */
  message?: string;
  /** A text that every answer must contain. */
  expect: string;
  warmupMs: number;
  durationMs: number;
  /** The server whose processor time counts. */
  pid: number;
  /** Whether the load's processor never sleeps; set by the loader. */
  awake?: boolean;
}

export interface LoadSample {
  operations: number;
  seconds: number;
  /** Operations per second. */
  rate: number;
  /** Server's processor time per operation, microseconds. */
  cpuMicros: number;
  /** Milliseconds. */
  p50: number;
  p99: number;
}

/** The load generator: one process on the load's processor. */
export interface Loader extends AsyncDisposable {
  run(spec: LoadSpec): Promise<LoadSample>;
}

/** `awake` keeps its processor from sleeping; by default where it has one of its own. */
export async function startLoader({ awake = pinned }: { awake?: boolean } = {}): Promise<Loader> {
  const child: Running = await start({ side: "load", script: "kit/load-child.ts" });
  return {
    run: (spec) => ask<LoadSample>(child, { ...spec, awake }),
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  };
}

/** Text of an HTTP/1.1 request with a JSON body, or of a GET without one. */
export function httpRequest(
  method: string,
  path: string,
  { body, headers = {} }: { body?: string; headers?: Record<string, string> } = {},
): string {
  const lines = [
    `${method} ${path} HTTP/1.1`,
    "host: 127.0.0.1",
    ...Object.entries(headers).map(([k, v]) => `${k}: ${v}`),
  ];
  if (body !== undefined)
    lines.push("content-type: application/json", `content-length: ${Buffer.byteLength(body)}`);
  return `${lines.join("\r\n")}\r\n\r\n${body ?? ""}`;
}

/** Text of a WebSocket upgrade request. */
export function upgradeRequest(path: string, headers: Record<string, string> = {}): string {
  return httpRequest("GET", path, {
    headers: {
      ...headers,
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==",
    },
  });
}
