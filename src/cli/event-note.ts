import type { Style } from "./output.js";

/** Any event, also one of a kind that is not known here; its fields are what a peer wrote. */
export interface AnyEvent {
  kind: string;
  [field: string]: unknown;
}

/** A note about an event. */
export interface EventNote {
  text: string;
  style: Style;
  /** Line breaks in it are meant: it holds what a peer wrote for people. */
  hasLines: boolean;
}

const withLines: ReadonlySet<string> = new Set([
  "interaction_failed",
  "interaction_input_required",
  "peer_response_received",
]);

/** What a person should read of an event beside its text; undefined for what only machines need. */
export function eventNote(event: AnyEvent): EventNote | undefined {
  const text = describe(event);
  if (text === undefined) return undefined;
  const style = event.kind === "interaction_failed" ? "red" : "dim";
  return { text, style, hasLines: withLines.has(event.kind) };
}

/** A result's text, when it is nothing else; as JSON otherwise. */
export function resultText(result: unknown): string {
  if (typeof result === "string") return result;
  const { body, ...more } = (result ?? {}) as { body?: unknown };
  return typeof body === "string" && Object.keys(more).length === 0 ? body : JSON.stringify(result);
}

function describe(event: AnyEvent): string | undefined {
  switch (event.kind) {
    case "interaction_started":
      return `· ${event.command} from ${event.from}`;
    case "tool_call_requested":
      return `· tool ${event.name} ${JSON.stringify(event.args)}`;
    case "interaction_input_required":
      return `? ${event.prompt}`;
    case "interaction_complete":
      return "· complete";
    case "interaction_failed":
      return failureText(event.reason);
    case "delivery_updated":
      // Being ingested is the usual way; the other moves explain why nothing comes.
      if (event.state === "ingested") return undefined;
      if (event.request_id !== undefined) return "· the host has the answer";
      return `· ${event.state}${event.reason === undefined ? "" : `: ${event.reason}`}`;
    case "peer_response_received":
      return event.status === "accepted" && event.result !== null
        ? `· ${resultText(event.result)}`
        : undefined;
    case "stream_truncated":
      return `· events ${event.from_sequence} to ${event.to_sequence} are no longer kept`;
    case "extension":
      return event.namespace === "parley" && event.name === "surviving_processes"
        ? survivorsText(event.data)
        : undefined;
    case "turn_started":
    case "turn_completed":
    case "peer_content_ingested":
    case "reasoning_delta":
    case "text_delta":
    case "text_complete":
      return undefined;
    default:
      return `· ${event.kind === "$unknown" ? event.wireKind : event.kind}`;
  }
}

function failureText(reason: unknown): string {
  const { code, message, result } = reason as { code: string; message: string; result?: unknown };
  const detail = (result as { message?: unknown } | null | undefined)?.message;
  return `failed: ${message}${typeof detail === "string" ? ` ${detail}` : ""} [${code}]`;
}

/** Processes that a command of `parley agent exec` has left. */
function survivorsText(data: unknown): string | undefined {
  const { processes, ended } = (data ?? {}) as { processes?: unknown; ended?: unknown };
  if (!Array.isArray(processes)) return undefined;
  const names = processes.map((one) => {
    const { pid, command } = (one ?? {}) as { pid?: unknown; command?: unknown };
    return `${pid} ${command}`;
  });
  return `· ${ended === true ? "ended with the command" : "still running"}: ${names.join(", ")}`;
}
