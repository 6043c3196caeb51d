/** What a `stream_closed` says. */
export interface ClosedPayload {
  stream_id: string;
  reason: string;
  error_code?: string;
}

export type StreamFrame = { kind: "event"; value: unknown } | { kind: "closed"; value: ClosedPayload };

/** One attachment to a log; it ends with its connection. */
export interface StreamSource {
  /** The response of the open call. */
  readonly opened: unknown;
  /** The next frame, null when the connection is gone. One call at a time. */
  next(): Promise<StreamFrame | null>;
  /** Closes the stream on the daemon where the wire can say so, then the connection. */
  close(): Promise<void>;
  /** Drops the connection: the daemon keeps the reservation for a while. */
  drop(): void;
}
