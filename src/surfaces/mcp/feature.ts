import type { Call } from "../../kernel/context.js";
import type { RpcId } from "../json-rpc.js";
import type { EventStream } from "./event-stream.js";
import type { McpSession } from "./sessions.js";

/** Part of what the server offers. */
export interface McpFeature {
  /** Declared to clients of every revision. */
  readonly capabilities: object;
  /** By method, for every revision. */
  readonly methods?: McpMethods;
  /** Only for the revisions that open with `initialize`. */
  readonly sessionMethods?: McpMethods;
  /** Only for the stateless revisions. */
  readonly statelessMethods?: McpMethods;
  /** A session's stream was opened that an earlier daemon knew, whose subscriptions are lost. */
  adopt?(session: McpSession, call: Call): Promise<void>;
  /** Takes a client's answer to what the server asked it; false when it asked nothing under this id. */
  answered?(id: RpcId, message: object): boolean;
}

export type McpMethods = Readonly<Record<string, McpMethod>>;

/** Answers one request. What the protocol refuses is thrown as an `McpFault`. */
export type McpMethod = (params: McpParams, exchange: McpExchange) => McpResult | Promise<McpResult>;

export type McpParams = Readonly<Record<string, unknown>>;

export interface McpResult {
  /** The result's own fields as JSON without braces; may be empty. */
  readonly fields: string;
  /** How long the result is good for, in the stateless revisions. */
  readonly cache?: McpCache;
  /** In the stateless revisions; default `complete`. */
  readonly resultType?: string;
  /** More of `_meta`, in the stateless revisions. */
  readonly meta?: object;
}

export interface McpCache {
  readonly ttlMs: number;
  readonly cacheScope: "public" | "private";
}

/** One request under way. */
export interface McpExchange {
  readonly id: RpcId;
  readonly call: Call;
  /** Whether the request is of a stateless revision. */
  readonly stateless: boolean;
  readonly meta: McpParams;
  /** The session that the request names. Throws when it names none. */
  session(): McpSession;
  /** Makes the answer a stream of messages that the result ends. Throws where there is room for one message only. */
  stream(): EventStream;
}
