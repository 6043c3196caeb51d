/** What is largest on a link, bytes. */
export const maxFrameBytes = 1024 * 1024;

/** A connection to another daemon that keeps messages whole and in order: a WebSocket, or memory in tests. */
export interface Wire {
  /** The other end is on this machine. */
  readonly local: boolean;
  /** Text goes as text, bytes as bytes; nothing happens once it is closed. */
  send(data: string | Buffer): void;
  /** Ends it; what was sent before still goes out. Nothing is heard of it after. */
  close(): void;
  /** Must be called at once: what comes before is lost. */
  listen(listener: WireListener): void;
}

export interface WireListener {
  message(data: Buffer, isText: boolean): void;
  closed(): void;
}
