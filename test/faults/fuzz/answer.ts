/** What a surface said, in the form that all are compared in. */
export type Answer =
  | { response: unknown }
  /** The contract's error payload, and the HTTP status where that is the surface's. */
  | { error: string; status?: number }
  /** Not even that. */
  | { flaw: string };

/** What the callers look at in a JSON-RPC answer. */
export interface Frame {
  id?: unknown;
  result?: { structuredContent?: unknown; isError?: boolean };
  error?: { data?: unknown };
}

export function answerOfFrame(frame: Frame): Answer {
  if ("result" in frame !== "error" in frame)
    return "error" in frame ? { error: JSON.stringify(frame.error?.data) } : { response: frame.result };
  return { flaw: `no JSON-RPC answer: ${JSON.stringify(frame).slice(0, 200)}` };
}
