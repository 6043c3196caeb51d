import { type DetailIssue, type ErrorCode, errors } from "../generated/errors.js";
import { BackendError } from "./backend.js";
import { refusedText } from "./pattern-rules.js";

export type { DetailIssue };

/** One thing that is wrong; `field` is a dotted path such as `options.idempotency_key` or `events[0].kind`, "" for the whole. */
export interface ErrorDetail {
  field: string;
  issue: DetailIssue;
  expected: string;
  got: string;
}

/** What every surface sends for a failure. */
export interface ErrorPayload {
  code: ErrorCode;
  message: string;
  details: ErrorDetail[];
  retryable: boolean;
  retry_after_ms?: number;
  request_id: string;
}

export interface ContractErrorOptions extends ErrorOptions {
  message?: string;
  details?: ErrorDetail[];
  retryAfterMs?: number;
}

/** A failure that the contract knows; its message and details are safe to send, its `cause` is only logged. */
export class ContractError extends Error {
  override name = "ContractError";
  readonly code: ErrorCode;
  readonly details: ErrorDetail[];
  readonly retryAfterMs: number | undefined;

  /** The message defaults to the text that a detail refuses, else to the catalogue's text of the code. */
  constructor(code: ErrorCode, options: ContractErrorOptions = {}) {
    super(
      options.message ?? refusedText(options.details ?? []) ?? errors[code].text,
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    this.code = code;
    this.details = options.details ?? [];
    this.retryAfterMs = options.retryAfterMs;
  }

  toPayload(requestId: string): ErrorPayload {
    return {
      code: this.code,
      message: this.message,
      details: this.details,
      retryable: errors[this.code].retryable,
      ...(this.retryAfterMs === undefined ? {} : { retry_after_ms: Math.ceil(this.retryAfterMs) }),
      request_id: requestId,
    };
  }

  /** Anything thrown, as the contract's error: what is not known becomes `internal` with a fixed text. */
  static from(thrown: unknown): ContractError {
    if (thrown instanceof ContractError) {
      return thrown;
    }
    if (thrown instanceof BackendError) {
      return new ContractError(backendCodes[thrown.code], { cause: thrown });
    }
    if (thrown instanceof Error && thrown.name === "AbortError") {
      return new ContractError("request_cancelled", { cause: thrown });
    }
    return new ContractError("internal", { cause: thrown });
  }
}

const backendCodes: { readonly [Code in BackendError["code"]]: ErrorCode } = {
  full: "storage_unavailable",
  read_only: "storage_unavailable",
  io: "storage_unavailable",
  locked: "storage_unavailable",
  version: "storage_unavailable",
  closed: "shutting_down",
  too_large: "payload_too_large",
  corrupt: "internal",
  compacted: "internal",
};
