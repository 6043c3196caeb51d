import type { SurfaceValues } from "./surface-values.js";

/**
 * The contract as the emitters see it: checked, flattened, sorted, and free of JSON Schema. Building it is the only
 * place where schema files are interpreted; emitters are pure functions of it.
 */
export interface Contract {
  /** From `contract-version.json`, for example `0.3.0`. */
  version: string;
  /** sha256 over the canonical form without texts and examples, 64 hex digits. */
  digest: string;
  /** In the order of their `plane.json` files. */
  planes: Plane[];
  /** Sorted by name; names are unique in the whole contract. */
  types: TypeDef[];
  /** The payload of every error and its parts, from `common/error.json`; apart because no operation refers to them. */
  errorTypes: TypeDef[];
  operations: Operation[];
  events: EventDef[];
  messages: MessageDef[];
  rawRoutes: RawRoute[];
  errors: ErrorDef[];
  /** HTTP headers of every call, as in `common/headers.json`. */
  headers: HeaderDef[];
}

export interface HeaderDef {
  /** For example `Parley-Session`. */
  name: string;
  /** Its name in documents, for example `ParleySession`. */
  component: string;
  direction: "request" | "response";
  text: string;
  /** JSON Schema of its value. */
  schema: { [keyword: string]: unknown };
}

export interface Plane {
  /** Its folder, for example `comms`. */
  name: string;
  /** For example `schemas/comms/plane.json`. */
  origin: string;
  title: string;
  /** What it is about, one sentence. */
  text: string;
  /** Transport that an SDK uses for it over TCP. */
  wire: "rpc" | "http";
  /** Verbs that a client also has on itself, sorted. */
  root: string[];
}

export interface TypeDef {
  /** PascalCase; a request is `<Plane><Verb>Request`, a response `<Plane><Verb>Response`, an event's payload `<Plane><Name>` (`CommsStreamEvent`). */
  name: string;
  /** `common`, `agent-event` or the plane. */
  module: string;
  /** For example `schemas/comms/types.json#/$defs/CommsCommand`. */
  origin: string;
  description: string;
  shape: Shape;
}

export type Shape =
  | StringShape
  | { kind: "integer"; minimum: number; maximum: number }
  | { kind: "boolean" }
  /** Any JSON value. */
  | { kind: "json" }
  | { kind: "array"; items: Shape; minItems: number; maxItems: number }
  | { kind: "map"; values: Shape; keyPattern: string; keyMaxLength: number; maxProperties: number }
  | ObjectShape
  | UnionShape
  | { kind: "ref"; name: string };

export interface StringShape {
  kind: "string";
  const?: string;
  enum?: string[];
  /** Readers keep values that they do not know. */
  open?: boolean;
  format?: "uuid" | "date-time";
  pattern?: string;
  minLength?: number;
  maxLength: number;
}

export interface ObjectShape {
  kind: "object";
  properties: Property[];
  /** Readers ignore fields that they do not know; never set on what only requests use. */
  open: boolean;
}

export interface Property {
  name: string;
  description: string;
  required: boolean;
  shape: Shape;
  /** Only on optional properties; the server applies it. */
  default?: unknown;
  /** The one value that each surface accepts, for its document; the handler refuses the others. */
  surfaceValues?: SurfaceValues;
}

export interface UnionShape {
  kind: "union";
  /** Always `kind` today. */
  discriminator: string;
  /** `tag` is the variant's `kind` const, `type` the name of its TypeDef. */
  variants: { tag: string; type: string }[];
  /** Readers keep variants that they do not know as `$unknown`. */
  open: boolean;
}

export interface Operation {
  /** `comms.send` */
  id: string;
  plane: string;
  verb: string;
  origin: string;
  summary: string;
  kind: "unary" | "stream";
  idempotency: "none" | "natural" | "keyed";
  /** Where the key lies in the request, for example `["options", "idempotency_key"]`; only for keyed. */
  idempotencyPath: string[] | null;
  timeout: "short" | "wait" | "stream";
  /** null: callable without credentials. */
  scope: string | null;
  /** The operation's own codes, sorted; every operation can also give the common ones (`commonErrors`). */
  errors: string[];
  /** `invalid_command` when the operation lists it, else `invalid_request`. */
  validationError: "invalid_command" | "invalid_request";
  /** Names of TypeDefs. */
  request: string;
  response: string;
  rest: RestBinding | null;
  rpc: string | null;
  mcp: McpBinding | null;
  cli: CliBinding | null;
  stream: StreamFacts | null;
  body: "json" | "bytes";
  audit: boolean;
  since: string;
  deprecated: string | null;
  stability: "stable" | "experimental";
  example: { request: unknown; response: unknown };
}

export interface RestBinding {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** With `{field}` for path fields. */
  path: string;
  status: number;
  /** `Idempotency-Key` header is taken as the key. */
  idempotencyHeader: boolean;
  pathFields: string[];
  /**
   * What does not lie in the path: in the JSON body (POST, PUT, PATCH) or in the query (GET, DELETE). A query field of
   * union type is flattened: its own name carries the tag, the variant's fields stand beside it.
   */
  rest: "body" | "query";
  queryFields: QueryField[];
}

export interface QueryField {
  /** Name in the query string. */
  name: string;
  /** Path of the field in the request, for example `["scope", "session_id"]`. */
  path: string[];
  type: "string" | "integer" | "boolean" | "tag" | "json";
  required: boolean;
}

export interface McpBinding {
  tool: string;
  description: string;
  /** The request is wrapped as `{[wrap]: request}` so that the root is a plain object. */
  wrap: string | null;
}

export interface CliBinding {
  /** Words after `parley`, for example `token create`. */
  command: string;
  args: { field: string }[];
  flags: { field: string; flag: string; repeat: boolean; unit: "duration" | null }[];
  /** Columns of the table on a TTY: dotted paths in a row. */
  columns: string[];
  /** Response field that holds the rows. */
  rows: string | null;
  /** The command's arguments are read by hand-written code. */
  custom: boolean;
}

export interface EventDef {
  id: string;
  plane: string;
  origin: string;
  summary: string;
  rpc: string;
  /** Name of its payload's TypeDef. */
  payload: string;
  since: string;
  stability: "stable" | "experimental";
}

export interface MessageDef {
  id: string;
  plane: string;
  origin: string;
  summary: string;
  direction: string;
  ack: string;
  payload: string;
  since: string;
  stability: "stable" | "experimental";
}

/** What a stream operation declares; a null field is one that the stream does not have. */
export interface StreamFacts {
  source: "log" | "bucket" | "live";
  event: string;
  closed: string;
  close: string;
  /** Request field to go on after. */
  cursor: string | null;
  /** Event field that becomes the cursor. */
  position: string | null;
  /** Request field that names an earlier stream to replace. */
  resume: string | null;
  /** Request field whose false ends the stream after what is there. */
  follow: string | null;
  terminal: { kinds: string[]; scope: string | null } | null;
}

export interface RawRoute {
  id: string;
  plane: string;
  origin: string;
  summary: string;
  methods: string[];
  path: string;
  prefixes: string[];
  scope: string | null;
  upgrade: "websocket" | null;
  /** Kinds of principal that may call; empty: callable without credentials. */
  credentials: string[];
  /** Key of the config that, when true, opens the route to calls without credentials. */
  openedBy: string | null;
  /** Its own codes besides the common ones. */
  errors: string[];
  /** Media types of bodies; empty: bodies are not read. */
  request: string[];
  /** Media types of answers. */
  response: string[];
  /** Longest body in bytes; null: the config's `limits.body_bytes`. */
  maxBytes: number | null;
  audit: boolean;
  host: "check";
  origin_rule: "check" | "require";
}

export interface ErrorDef {
  code: string;
  category: string;
  http: number;
  rpc: number;
  exit: number;
  retryable: boolean;
  text: string;
  /** Raised by clients, never by the daemon. */
  clientOnly: boolean;
}

/** One file of output; `path` is relative to the repository root. */
export interface OutputFile {
  path: string;
  text: string;
}

export type Emitter = (contract: Contract) => OutputFile[];
