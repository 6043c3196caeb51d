import type { Deadline } from "./deadline.js";

export interface HttpRequest {
  method: string;
  /** With its query. */
  path: string;
  headers: Record<string, string>;
  body?: string;
}

export interface HttpReply {
  status: number;
  /** Lower-case names. */
  headers: Record<string, string>;
  text: string;
}

/** A reply whose body is read as it comes. */
export interface HttpFlow {
  status: number;
  headers: Record<string, string>;
  body: AsyncIterable<Uint8Array>;
  /** Reads the rest as text. */
  text(): Promise<string>;
  /** Drops the connection. */
  destroy(): void;
}

/** What a message socket tells its owner. */
export interface SocketHandlers {
  message(text: string): void;
  /** Anything came in, pings included. */
  activity(): void;
  /** Called exactly once. */
  closed(code: number, reason: string): void;
}

/** A WebSocket of text messages. */
export interface MessageSocket {
  /** True when the owner hears of pings by `activity`; browsers hide them. */
  readonly showsPings: boolean;
  send(text: string): void;
  /** Starts the closing handshake. */
  close(code: number, reason: string): void;
  /** Drops the connection without one. */
  destroy(): void;
  /** Stops reading; a browser cannot. */
  pause(): void;
  resume(): void;
  /** Whether the socket keeps the program running. */
  hold(): void;
  release(): void;
}

/** The way to one daemon. */
export interface Transport {
  /** Names the daemon in error messages. */
  readonly address: string;
  /** Comms go over HTTP: on a unix socket a second protocol gains nothing. */
  readonly local: boolean;
  /** Calls of every plane go over the WebSocket, not only those of planes whose wire it is. */
  readonly prefersRpc?: boolean;
  request(request: HttpRequest, deadline: Deadline): Promise<HttpReply>;
  flow(request: HttpRequest, deadline: Deadline): Promise<HttpFlow>;
  connect(path: string, handlers: SocketHandlers, deadline: Deadline): Promise<MessageSocket>;
  close(): void;
}

/** Gives the transport; looks for the daemon again after `forget`. */
export interface TransportSource {
  /** Waits for a daemon that is starting, at most until the deadline. */
  get(deadline?: Deadline): Promise<Transport>;
  forget(transport: Transport): void;
  close(): void;
}
