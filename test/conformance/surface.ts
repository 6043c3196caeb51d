import type { OperationId } from "../../src/generated/operations.js";

/** What came back, in the one shape that every surface is reduced to before it is compared. */
export type Outcome = { response: unknown } | { error: ErrorShape };

export interface ErrorShape {
  code: string;
  message: string;
  details: { field: string; issue: string; expected: string; got: string }[];
  retryable: boolean;
}

/** One way to call operations; the same vectors run on each. */
export interface Surface {
  readonly name: string;
  /** With the daemon's all-mighty token, or with another. */
  call(
    operation: OperationId,
    request: unknown,
    session: string | undefined,
    token?: string,
  ): Promise<Outcome>;
  close(): Promise<void>;
}

/** An error payload without what differs from call to call. */
export function errorShape(payload: unknown): ErrorShape {
  const { code, message, details, retryable } = payload as ErrorShape;
  return { code, message, details, retryable };
}
