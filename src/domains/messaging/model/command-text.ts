import type { CommsCommand } from "../../../generated/types.js";

/** What a command contains, for a person: its body, or its params or result. */
export function textOf(command: CommsCommand): string {
  switch (command.kind) {
    case "input":
    case "peer_message":
      return command.body;
    case "peer_request":
      return valueText(command.params);
    case "peer_response":
      return valueText(command.result);
  }
}

/** At most `longest` characters; a surrogate pair stays whole. */
export function shortened(text: string, longest: number): string {
  if (text.length <= longest) return text;
  const last = text.charCodeAt(longest - 2);
  const isPairCut = last >= 0xd800 && last < 0xdc00;
  return `${text.slice(0, longest - (isPairCut ? 2 : 1))}…`;
}

/** A value that contains nothing but a text is that text. */
function valueText(value: unknown): string {
  if (typeof value === "string") return value;
  const { body, ...more } = (value ?? {}) as { body?: unknown };
  return typeof body === "string" && Object.keys(more).length === 0 ? body : JSON.stringify(value);
}
