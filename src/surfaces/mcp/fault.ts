import { errors } from "../../generated/errors.js";
import { ContractError, type ErrorDetail } from "../../kernel/contract-error.js";
import { errorFrame, type RpcId, rawErrorFrame } from "../json-rpc.js";
import { mcpErrors, revisions } from "./revisions.js";

/** A message that the protocol refuses, with the HTTP status that the streamable transport wants for it. */
export class McpFault extends Error {
  override name = "McpFault";
  readonly status: number;
  readonly #frame: (id: RpcId, requestId: string) => string;

  constructor(status: number, message: string, frame: (id: RpcId, requestId: string) => string) {
    super(message);
    this.status = status;
    this.#frame = frame;
  }

  frame(id: RpcId, requestId: string): string {
    return this.#frame(id, requestId);
  }

  /** One of the contract's own errors; the status is the code's unless the transport wants another. */
  static of(thrown: unknown, status?: number): McpFault {
    if (thrown instanceof McpFault) return thrown;
    const error = ContractError.from(thrown);
    const frame = (id: RpcId, requestId: string): string => errorFrame(id, error, requestId);
    return new McpFault(status ?? errors[error.code].http, error.message, frame);
  }

  /** Params that do not fit the protocol. */
  static params(status: number, detail: ErrorDetail, message?: string): McpFault {
    const error = new ContractError("invalid_request", {
      details: [detail],
      ...(message === undefined ? {} : { message }),
    });
    return McpFault.of(error, status);
  }

  /** There is no such resource. The revisions differ in the code. */
  static resourceNotFound(uri: string, error: ContractError, stateless: boolean): McpFault {
    const code = stateless ? errors.invalid_request.rpc : mcpErrors.resourceNotFound;
    return new McpFault(200, error.message, (id, requestId) =>
      rawErrorFrame(id, code, error.message, JSON.stringify({ ...error.toPayload(requestId), uri })),
    );
  }

  static unsupportedVersion(requested: string): McpFault {
    const data = JSON.stringify({ supported: revisions, requested: requested.slice(0, 64) });
    const message = "Unsupported protocol version";
    return new McpFault(400, message, (id) => rawErrorFrame(id, mcpErrors.unsupportedVersion, message, data));
  }

  static headerMismatch(header: string, got: string | undefined, expected: string): McpFault {
    const message =
      got === undefined
        ? `Header mismatch: ${header} is missing`
        : `Header mismatch: ${header} does not say what the body says`;
    const data = JSON.stringify({ header, expected, got: got?.slice(0, 64) ?? "absent" });
    return new McpFault(400, message, (id) => rawErrorFrame(id, mcpErrors.headerMismatch, message, data));
  }
}
