import type { OperationId, StreamOperationId, UnaryOperationId } from "../generated/operations.js";
import type { Call } from "./context.js";
import type { OpenStream } from "./handlers.js";

/** The one way into the handlers: validate, authorise, run under the deadline. Rejects only with ContractError. */
export interface Dispatch {
  unary(id: UnaryOperationId, request: unknown, call: Call): Promise<unknown>;
  stream(id: StreamOperationId, request: unknown, call: Call): Promise<OpenStream>;
}

/** Told about every finished call; `code` is `ok` or the error's code. */
export type CallObserver = (id: OperationId, call: Call, code: string, elapsedMs: number) => void;
