export * from "./generated/errors.js";
export type {
  OperationId,
  OperationTypes,
  StreamOperationId,
  UnaryOperationId,
} from "./generated/operations.js";
export type * from "./generated/types.js";
export { CONTRACT_DIGEST, CONTRACT_VERSION } from "./generated/version.js";
export { Call, type Outcome as CallOutcome, type RawResponse } from "./runtime/call.js";
export type { ScopeOptions } from "./runtime/client.js";
export { EventStream } from "./runtime/event-stream.js";
export { type HeldSession, Host, type HostOptions, type InteractionHandler } from "./runtime/host.js";
export type { McpExchange } from "./runtime/mcp-exchange.js";
export type { CallOptions, ClientOptions, StreamOptions } from "./runtime/options.js";
export { type ErrorDetail, type ErrorPayload, type ErrorSpec, ParleyError } from "./runtime/parley-error.js";
export {
  SendAndStreamError,
  type SentAndStreamed,
} from "./runtime/send-and-stream.js";
export { type Failure, type Interaction, Turn } from "./runtime/turn.js";
export type { TurnEvent } from "./runtime/turn-events.js";
export type { AskOptions } from "./runtime/turn-questions.js";
export type { UnknownVariant } from "./runtime/unknown-variant.js";
