/** How one operation is called; the generated table has one entry each. */
export interface OperationEntry {
  id: string;
  plane: string;
  kind: "unary" | "stream";
  idempotency: "none" | "natural" | "keyed";
  /** Where the idempotency key lies in the request; only for keyed. */
  keyPath: readonly string[] | null;
  timeout: "short" | "wait" | "stream";
  /** JSON-RPC method. */
  rpc: string | null;
  rest: RestEntry | null;
  /** Transport over TCP, as its plane declares it. */
  wire: "rpc" | "http";
  /** Reader of the response, see `unknown-variant.ts`. */
  reader: string | null;
  stream: StreamEntry | null;
}

export interface RestEntry {
  method: string;
  /** With `{field}` for path fields. */
  path: string;
  pathFields: readonly string[];
  in: "body" | "query";
  queryFields: readonly QueryEntry[];
}

export interface QueryEntry {
  name: string;
  /** Path of the field in the request. */
  path: readonly string[];
  type: string;
}

export interface StreamEntry {
  /** Method of the notification that carries an event. */
  event: string;
  /** Method of the notification that ends the stream. */
  closed: string;
  /** Id of the operation that closes it. */
  close: string;
  /** Request field to go on after; null: every connection begins anew. */
  cursor: string | null;
  /** Event field that becomes the cursor. */
  position: string | null;
  /** Request field that names an earlier stream to replace. */
  resume: string | null;
  /** Request field whose false ends the stream after what is there. */
  follow: string | null;
  /** What the last event is, for requests whose `scope` has this kind; null: there is no last event. */
  terminal: { kinds: readonly string[]; scope: string | null } | null;
  /** Reader of an event. */
  reader: string | null;
}
