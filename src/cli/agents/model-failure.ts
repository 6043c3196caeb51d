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

/** What an HTTP status of a model server means for whoever asked. */
export function refusal(address: string, status: number, text: string): ModelFailure {
  const said = `${address} answered ${status}: ${messageIn(text).slice(0, 500)}`;
  if (status === 408 || status === 504) return new ModelFailure(said, "timeout", true);
  if (status === 401 || status === 403)
    return new ModelFailure(`${said}; look at --api-key-file`, "executor_error", false);
  if (status === 404)
    return new ModelFailure(`${said}; look at --model and --model-url`, "executor_error", false);
  return new ModelFailure(said, "executor_error", status === 429 || status >= 500);
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
