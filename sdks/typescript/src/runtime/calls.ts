import type { OperationTypes, StreamOperationId, UnaryOperationId } from "../generated/operations.js";
import type { Call } from "./call.js";
import type { EventStream } from "./event-stream.js";
import type { CallOptions, StreamOptions } from "./options.js";

/** What generated resources call. */
export interface Calls {
  unary<Id extends UnaryOperationId>(
    id: Id,
    request: OperationTypes[Id]["request"],
    options?: CallOptions,
  ): Call<OperationTypes[Id]["response"]>;
  stream<Id extends StreamOperationId>(
    id: Id,
    request: OperationTypes[Id]["request"],
    options?: StreamOptions,
  ): EventStream<OperationTypes[Id]["event"], OperationTypes[Id]["response"]>;
}
