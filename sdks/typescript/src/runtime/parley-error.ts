/** One field of a request that is wrong. */
export interface ErrorDetail {
  /** Dotted path, empty for the root. */
  field: string;
  /** `missing_field`, `wrong_type`, ... */
  issue: string;
  expected: string;
  got: string;
}

/** The error payload as every surface sends it. */
export interface ErrorPayload {
  code: string;
  message: string;
  details?: readonly ErrorDetail[];
  retryable?: boolean;
  retry_after_ms?: number;
  request_id?: string;
}

/** What the contract says of a code. */
export interface ErrorSpec {
  category: string;
  /** Exit code of command line programs. */
  exit: number;
  retryable: boolean;
  text: string;
}

export type ErrorClass = new (payload: ErrorPayload, cause?: unknown) => ParleyError;

/**
 * Every failure of a call. Each code has its class (`PeerNotFoundError`), each category a class above those
 * (`NotFoundFailure`); a code that only a newer daemon knows comes as a plain `ParleyError`.
 */
export class ParleyError extends Error {
  readonly code: string;
  readonly details: readonly ErrorDetail[];
  /** Trying the same again may work. */
  readonly retryable: boolean;
  /** Not before this many milliseconds. */
  readonly retryAfterMs: number | undefined;
  /** Finds the call in the daemon's log; empty when the daemon never saw it. */
  readonly requestId: string;

  constructor(payload: ErrorPayload, cause?: unknown) {
    super(payload.message, cause === undefined ? undefined : { cause });
    this.name = new.target.name;
    this.code = payload.code;
    this.details = payload.details ?? [];
    this.retryable = payload.retryable ?? false;
    this.retryAfterMs = payload.retry_after_ms;
    this.requestId = payload.request_id ?? "";
  }

  /** The payload as it came. */
  toJSON(): ErrorPayload {
    return {
      code: this.code,
      message: this.message,
      details: this.details,
      retryable: this.retryable,
      ...(this.retryAfterMs === undefined ? {} : { retry_after_ms: this.retryAfterMs }),
      request_id: this.requestId,
    };
  }
}
