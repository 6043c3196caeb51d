import {
  type OperationId,
  operations,
  type StreamOperationId,
  type UnaryOperationId,
} from "../../generated/operations.js";
import { rpcMethods, rpcNotifications } from "../../generated/rpc.js";

/** What a JSON-RPC method name leads to. */
export type RpcMethod = UnaryMethod | StreamMethod;

export interface UnaryMethod {
  readonly kind: "unary";
  readonly operation: UnaryOperationId;
  /** May wait long on purpose, so a shutdown does not wait for it. */
  readonly waits: boolean;
  /** Binds the connection, so nothing overtakes it. */
  readonly binds: boolean;
}

export interface StreamMethod {
  readonly kind: "stream";
  readonly operation: StreamOperationId;
  /** Text before the event's JSON in a notification frame; `}` ends it. */
  readonly eventPrefix: string;
  readonly closedPrefix: string;
}

const binding: UnaryOperationId = "system.initialize";

/** Every method of this surface by its name on the wire. */
export const methods: ReadonlyMap<string, RpcMethod> = new Map(
  Object.entries(rpcMethods).map(([name, id]) => [name, methodOf(id)]),
);

function methodOf(id: OperationId): RpcMethod {
  const { kind, stream, timeout } = operations[id];
  if (kind === "unary") {
    const operation = id as UnaryOperationId;
    return { kind, operation, waits: timeout === "wait", binds: operation === binding };
  }
  const prefix = (event: string | undefined): string =>
    `{"jsonrpc":"2.0","method":${JSON.stringify(rpcNotifications[event ?? ""])},"params":`;
  return {
    kind,
    operation: id as StreamOperationId,
    eventPrefix: prefix(stream?.event),
    closedPrefix: prefix(stream?.closed),
  };
}
