import { type Static, type TObject, type TProperties, Type } from "@sinclair/typebox";

const section = <P extends TProperties>(properties: P): TObject<P> =>
  Type.Object(properties, { additionalProperties: false, default: {} });

const count = (initial: number, minimum: number, maximum: number) =>
  Type.Integer({ default: initial, minimum, maximum });

const path = Type.String({ minLength: 1, maxLength: 4096 });

/** Everything that `parley.toml` may say. Paths may begin with `~/`; absent means the default. */
export const configSchema = section({
  server: section({
    /** Loopback unless an address is named here on purpose. */
    host: Type.String({ default: "127.0.0.1", minLength: 1, maxLength: 253 }),
    /** 0 takes any free port. */
    port: count(7433, 0, 65_535),
    /** Path of the unix socket. */
    socket: Type.Optional(path),
    /** Host names besides loopback that may be in the Host header. */
    allowed_hosts: Type.Array(Type.String({ pattern: "^[a-z0-9][a-z0-9.:-]*$", maxLength: 253 }), {
      default: [],
      maxItems: 64,
    }),
    /** Origins of web pages besides the console's own. */
    allowed_origins: Type.Array(Type.String({ pattern: "^https?://[a-z0-9.:\\[\\]-]+$", maxLength: 300 }), {
      default: [],
      maxItems: 64,
    }),
    /** Lets anybody who reaches the port read /metrics. */
    open_metrics: Type.Boolean({ default: false }),
  }),
  store: section({
    engine: Type.Union([Type.Literal("sqlite"), Type.Literal("memory")], { default: "sqlite" }),
    /** Path of the database file. */
    path: Type.Optional(path),
  }),
  log: section({
    level: Type.Union(
      [
        Type.Literal("debug"),
        Type.Literal("info"),
        Type.Literal("warn"),
        Type.Literal("error"),
        Type.Literal("silent"),
      ],
      { default: "info" },
    ),
    /** Path of a file for the log instead of stderr; opened again on SIGUSR2, for log rotation. */
    file: Type.Optional(path),
    /** One line per request; costs more than answering it. */
    requests: Type.Boolean({ default: false }),
  }),
  comms: section({
    /** Unsettled interactions of one inbox, copies of answers not counted, before senders have to wait. */
    inbox_max: count(1024, 1, 1_000_000),
    /** Messages and requests of one sender that wait in one inbox before that sender is told to wait. */
    unread_per_sender: count(50, 1, 1_000_000),
    /** What one session may send to another each second, after `sends_burst` at once. */
    sends_per_second: count(200, 1, 1_000_000),
    sends_burst: count(1_000, 1, 1_000_000),
    /** Messages between two sessions that each answer the other's, before they are slowed to one a second. */
    loop_turns: count(1_000, 1, 1_000_000),
    /** The same, when both only repeat themselves, before they are slowed to one a minute. */
    loop_repeats: count(16, 1, 1_000_000),
    /** Events kept per session for replay. */
    session_events_max: count(10_000, 100, 10_000_000),
    /** How long an event is kept for replay, milliseconds; those of interactions under way stay. */
    session_keep_ms: count(86_400_000, 60_000, 31_536_000_000),
    /** How long the events of a finished interaction stay, milliseconds. */
    interaction_keep_ms: count(3_600_000, 1_000, 31_536_000_000),
    /** How long a reserved stream waits for its reader, milliseconds. */
    reservation_ttl_ms: count(30_000, 100, 3_600_000),
    /** How long an idempotency key is remembered, milliseconds. */
    dedupe_window_ms: count(86_400_000, 60_000, 31_536_000_000),
  }),
  limits: section({
    /** Largest JSON body or frame, bytes. */
    body_bytes: count(1_048_576, 1_024, 67_108_864),
    /** Connections at once on the TCP listener. */
    connections: count(10_000, 1, 1_000_000),
    /** Short calls of a plane under way at once; what comes on top is told to come again. */
    calls: count(128, 8, 100_000),
    /** Request head: bytes of all headers together. */
    header_bytes: count(16_384, 1_024, 1_048_576),
    /** How long a client may take for its request head, milliseconds. */
    header_timeout_ms: count(10_000, 100, 600_000),
    /** How long a client may take to send a whole request, milliseconds. */
    request_timeout_ms: count(30_000, 100, 3_600_000),
    /** How long a stop waits for calls under way, milliseconds. */
    drain_ms: count(5_000, 0, 600_000),
  }),
});

export type ConfigValues = Static<typeof configSchema>;
