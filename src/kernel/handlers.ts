import type {
  OperationId,
  OperationTypes,
  PlaneName,
  PlaneOperations,
  StreamOperationId,
  UnaryOperationId,
} from "../generated/operations.js";
import type { CallContext } from "./context.js";

/** Answers one unary operation. The request is valid and has its defaults; the scope is already checked. */
export type UnaryHandler<Id extends UnaryOperationId> = (
  request: OperationTypes[Id]["request"],
  context: CallContext,
) => Promise<OperationTypes[Id]["response"]>;

/** Opens one stream. Failures before the first event reject here, so that a surface can still answer with an error. */
export type StreamHandler<Id extends StreamOperationId> = (
  request: OperationTypes[Id]["request"],
  context: CallContext,
) => Promise<OpenStream<Id>>;

/** An open stream: the surface sends `opened`, then pulls `events`, then sends the generator's return value. */
export interface OpenStream<Id extends StreamOperationId = StreamOperationId> {
  readonly opened: OperationTypes[Id]["response"];
  /** Ends by itself when the call's signal aborts; calling `return()` closes it from the surface's side. */
  readonly events: StreamEvents;
}

/**
 * The events of a stream. One that has both `poll` and `wait` is read without a promise for each event, which is most of
 * what an event to a thousand readers would cost.
 */
export interface StreamEvents extends AsyncGenerator<StreamItem, StreamClosed, void> {
  /** The next event or the end when it is there now, undefined when it has to be waited for. */
  poll?(): IteratorResult<StreamItem, StreamClosed> | undefined;
  /** Calls `wake` once, never at once, when `poll` is worth asking again. For after an undefined answer; the last caller counts. */
  wait?(wake: () => void): void;
}

/** One event of a stream, encoded once for all its readers. */
export interface StreamItem {
  /** Resume cursor; absent for subscriber-local events. */
  readonly sequence: number | undefined;
  /** Kind of the inner event; the SSE event name. */
  readonly kind: string;
  /** The whole event payload as JSON. */
  readonly json: string;
  /** The payload has one byte for each character; unknown when absent. */
  readonly ascii?: boolean;
}

/** Why a stream ended; the payload of the plane's closing event. */
export interface StreamClosed {
  stream_id: string;
  reason: "terminal" | "drained" | "closed" | "superseded" | "revoked" | "shutdown" | "error";
  error_code?: string;
}

/** The handler of any operation. */
export type Handler<Id extends OperationId> = Id extends UnaryOperationId
  ? UnaryHandler<Id>
  : Id extends StreamOperationId
    ? StreamHandler<Id>
    : never;

/** A plane's table: one handler per verb; a missing or an extra one does not compile. */
export type PlaneHandlers<P extends PlaneName> = {
  readonly [Verb in keyof PlaneOperations[P]]: PlaneOperations[P][Verb] extends OperationId
    ? Handler<PlaneOperations[P][Verb]>
    : never;
};

/** All planes by name, as the composition root builds them. */
export type PlaneTables = { readonly [P in PlaneName]: PlaneHandlers<P> };

/** Every handler by operation id. */
export type HandlerTable = { readonly [Id in OperationId]: Handler<Id> };
