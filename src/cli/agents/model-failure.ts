/** Why a model gave no answer, in the words of an interaction's failure. */
export class ModelFailure extends Error {
  override name = "ModelFailure";
  readonly code: "executor_error" | "timeout" | "rejected";
  /** The same question may be answered later. */
  readonly retryable: boolean;

  constructor(message: string, code: ModelFailure["code"], retryable: boolean) {
    super(message);
    this.code = code;
    this.retryable = retryable;
  }
}

/** The server takes no more now: the question is given back and asked again later. */
export class ModelBusy extends Error {
  override name = "ModelBusy";
  /** When the server wants to be asked again, milliseconds; undefined when it named no time. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, retryAfterMs: number | undefined) {
    super(message);
    this.retryAfterMs = retryAfterMs;
  }
}

/** What an HTTP status of a model server means for whoever asked. */
export function refusal(address: string, status: number, text: string, headers: Headers): Error {
  const answered = `${address} answered ${status}: ${messageIn(text).slice(0, 500)}`;
  const retryAfterMs = retryAfterOf(headers);
  // An account without credit stays so, whenever it is asked again.
  if (status === 429 && !/insufficient_quota/.test(text)) return new ModelBusy(answered, retryAfterMs);
  if (status === 503 && retryAfterMs !== undefined) return new ModelBusy(answered, retryAfterMs);
  if (status === 408 || status === 504) return new ModelFailure(answered, "timeout", true);
  if (status === 401 || status === 403)
    return new ModelFailure(`${answered}; look at --api-key-file`, "executor_error", false);
  if (status === 404)
    return new ModelFailure(`${answered}; look at --model and --model-url`, "executor_error", false);
  return new ModelFailure(answered, "executor_error", status >= 500);
}

/** `Retry-After` in seconds or as a date, or the `retry-after-ms` of some servers; milliseconds. */
export function retryAfterOf(headers: Headers, now = Date.now()): number | undefined {
  const exact = headers.get("retry-after-ms")?.trim() ?? "";
  if (/^\d{1,12}(\.\d+)?$/.test(exact)) return Math.ceil(Number(exact));
  const text = headers.get("retry-after")?.trim() ?? "";
  if (/^\d{1,9}(\.\d+)?$/.test(text)) return Math.ceil(Number(text) * 1_000);
  const at = /[a-z]{3}/i.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}

const leastPauseMs = 1_000;
const longestPauseMs = 15 * 60_000;
const longestBackoffMs = 60_000;

/**
 * How long a question waits before the server is asked again, milliseconds: what the server wants, 15 min at most, else
 * 1 s, twice as long with each attempt, up to 60 s.
 */
export function pauseOf(retryAfterMs: number | undefined, attempt: number): number {
  const backoff = Math.min(leastPauseMs * 2 ** Math.min(attempt - 1, 16), longestBackoffMs);
  return Math.min(Math.max(retryAfterMs ?? backoff, leastPauseMs), longestPauseMs);
}

/** The message in an error body, in the forms that servers use, or the body as it is. */
export function messageIn(text: string): string {
  try {
    const { error, message } = JSON.parse(text) as { error?: unknown; message?: unknown };
    const inner = (error as { message?: unknown } | undefined)?.message ?? error ?? message;
    return typeof inner === "string" ? inner : text;
  } catch {
    return text;
  }
}
