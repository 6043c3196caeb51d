import type { AgentEvent } from "../sdks/typescript/src/browser.js";

/** How a fact looks: it went well, it went wrong, it waits, or it is just so. */
export type Tone = "good" | "bad" | "wait" | "plain";

/** One event in one line. */
export interface Line {
  label: string;
  text: string;
  tone: Tone;
}

export function describeEvent(event: AgentEvent): Line {
  const label = words(kindOf(event));
  const line = (text = "", tone: Tone = "plain"): Line => ({ label, text, tone });
  switch (event.kind) {
    case "interaction_started":
      return line(`${words(event.command)} from ${event.from}, over ${event.surface}`);
    case "turn_started":
      return line();
    case "delivery_updated":
      if (event.request_id !== undefined) return line("the host has the answer", "good");
      return line(
        `${event.state}${event.reason === undefined ? "" : `: ${event.reason}`}`,
        toneOfDelivery(event.state),
      );
    case "turn_completed":
      return line([event.stop_reason, usageText(event.usage)].filter(Boolean).join(", "));
    case "text_delta":
    case "reasoning_delta":
      return line(event.delta);
    case "text_complete":
    case "reasoning_complete":
      return line(event.text);
    case "tool_call_requested":
      return line(`${event.name} ${json(event.args)}`);
    case "tool_result_received":
      return line(json(event.content), event.is_error ? "bad" : "plain");
    case "tool_execution_completed":
      return line(
        `${event.is_error ? "failed" : "done"} in ${event.duration_ms} ms`,
        event.is_error ? "bad" : "plain",
      );
    case "interaction_input_required":
      return line(event.prompt, "wait");
    case "peer_content_ingested":
      return line(`${words(event.command)} from ${event.from} is in the agent's context`, "good");
    case "peer_response_received":
      return line(
        `${event.status} from ${event.from}: ${json(event.result)}`,
        event.status === "failed" ? "bad" : "plain",
      );
    case "interaction_complete":
      return line(event.result === null ? "" : json(event.result), "good");
    case "interaction_failed":
      return line(failureText(event.reason), "bad");
    case "stream_truncated":
      return line(`events ${event.from_sequence} to ${event.to_sequence} are no longer kept`, "wait");
    case "extension":
      return line(`${event.namespace} ${event.name}${event.data === null ? "" : ` ${json(event.data)}`}`);
    default:
      return line(json(rawOf(event)));
  }
}

const deliveryTones: Readonly<Record<string, Tone>> = {
  delivered: "good",
  ingested: "good",
  queued: "wait",
  held: "wait",
  ambiguous: "wait",
  refused: "bad",
  expired: "bad",
  dead: "bad",
};

/** A state that this page does not know is neither good nor bad. */
export function toneOfDelivery(state: string): Tone {
  return deliveryTones[state] ?? "plain";
}

/** The wire's name of an event's kind, also of one that this page does not know. */
export function kindOf(event: AgentEvent): string {
  return event.kind === "$unknown" ? event.wireKind : event.kind;
}

/** The event as it came. */
export function rawOf(event: AgentEvent): unknown {
  return event.kind === "$unknown" ? event.raw : event;
}

export function words(kind: string): string {
  return kind.replaceAll("_", " ");
}

/** Text stays text; anything else as JSON. */
export function json(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "");
}

/** What the daemon says, and what the peer said with its refusal. */
export function failureText({
  code,
  message,
  result,
}: {
  code: string;
  message: string;
  result?: unknown;
}): string {
  const said = (result as { message?: unknown } | null | undefined)?.message ?? result ?? "";
  return `${message}${said === "" ? "" : ` ${json(said)}`} [${code}]`;
}

function usageText(usage: { input_tokens?: number; output_tokens?: number } | undefined): string {
  if (usage === undefined) return "";
  const { input_tokens, output_tokens } = usage;
  const parts = [
    ...(input_tokens === undefined ? [] : [`${input_tokens} tokens read`]),
    ...(output_tokens === undefined ? [] : [`${output_tokens} written`]),
  ];
  return parts.join(", ");
}
