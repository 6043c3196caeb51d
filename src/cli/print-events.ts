import { note, paint, print, printable } from "./output.js";

interface Event {
  sequence?: number;
  at: string;
  interaction_id?: string;
  event: { kind: string; [field: string]: unknown };
}

/**
 * Prints a stream: text as it comes, the rest as dim notes; with `json` one event a line.
 * Returns 1 when the interaction failed.
 */
export async function printEvents(events: AsyncIterable<unknown>, json: boolean): Promise<number> {
  let code = 0;
  let wroteText = false;
  let midLine = false;
  const breakLine = (): void => {
    if (midLine) process.stdout.write("\n");
    midLine = false;
  };
  for await (const item of events) {
    const { event } = item as Event;
    if (event.kind === "interaction_failed") code = 1;
    if (json) {
      print(JSON.stringify(item));
      continue;
    }
    if (event.kind === "text_delta") {
      const text = printable(String(event.delta));
      process.stdout.write(text);
      midLine = !text.endsWith("\n");
      wroteText = true;
      continue;
    }
    if (event.kind === "text_complete") {
      if (!wroteText) print(printable(String(event.text)));
      continue;
    }
    if (event.kind === "turn_started") wroteText = false;
    const line = describe(event);
    if (line === undefined) continue;
    breakLine();
    note(
      event.kind === "interaction_failed"
        ? paint("red", line, process.stderr)
        : paint("dim", line, process.stderr),
    );
    if (event.kind === "interaction_complete" && !wroteText && event.result !== null) {
      print(resultText(event.result));
    }
  }
  breakLine();
  return code;
}

/** What people want to read of a result: its text, when it is nothing else. */
function resultText(result: unknown): string {
  if (typeof result === "string") return printable(result);
  const { body, ...more } = (result ?? {}) as { body?: unknown };
  return typeof body === "string" && Object.keys(more).length === 0
    ? printable(body)
    : JSON.stringify(result);
}

function describe(event: Event["event"]): string | undefined {
  switch (event.kind) {
    case "interaction_started":
      return `· ${event.command} from ${event.from}`;
    case "tool_call_requested":
      return `· tool ${event.name} ${JSON.stringify(event.args)}`;
    case "interaction_input_required":
      return `? ${printable(String(event.prompt))}`;
    case "interaction_complete":
      return "· complete";
    case "interaction_failed": {
      const reason = event.reason as { code: string; message: string; result?: { message?: unknown } | null };
      const said = typeof reason.result?.message === "string" ? ` ${reason.result.message}` : "";
      return `failed: ${printable(reason.message + said)} [${reason.code}]`;
    }
    case "delivery_updated": {
      // Being taken up is what everybody expects; the other moves explain why nothing comes.
      if (event.state === "ingested") return undefined;
      return `· ${event.state}${event.reason === undefined ? "" : `: ${printable(String(event.reason))}`}`;
    }
    case "peer_response_received":
      return event.status === "accepted" && event.result !== null
        ? `· ${printable(typeof event.result === "string" ? event.result : JSON.stringify(event.result))}`
        : undefined;
    case "stream_truncated":
      return `· events ${event.from_sequence} to ${event.to_sequence} are no longer kept`;
    case "turn_started":
    case "turn_completed":
    case "peer_content_ingested":
    case "reasoning_delta":
      return undefined;
    default:
      return `· ${event.kind}`;
  }
}
