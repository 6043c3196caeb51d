import type { Message } from "./chat-completion.js";
import { ModelFailure } from "./model-failure.js";
import { bodyOf, type Interaction } from "./serve.js";

export interface ToolResult {
  tool_call_id: string;
  content: unknown;
  is_error: boolean;
}

/** What an interaction asks of a model. */
export interface Question {
  /** Which conversation it goes on with: one a sender, or one a sender and `params.conversation`. */
  conversation: string;
  /** `params.tools`: passed to the model as they are. */
  tools: readonly unknown[] | undefined;
  /** `params.tool_results`: answers to the calls of the turn before. */
  results: ToolResult[];
  text: string | undefined;
}

/** Reads an interaction; throws `rejected` when its parameters are not of the form that is documented. */
export function questionOf(interaction: Interaction): Question {
  const params = (interaction.kind === "peer_request" ? interaction.params : undefined) as unknown;
  const { conversation, tools, tool_results, body } = (
    typeof params === "object" && params !== null ? params : {}
  ) as Record<string, unknown>;
  if (conversation !== undefined && (typeof conversation !== "string" || conversation.length > 128))
    throw rejected("params.conversation takes a string of at most 128 characters");
  if (tools !== undefined && !Array.isArray(tools))
    throw rejected("params.tools takes an array of tools as the model's API describes them");
  if (tool_results !== undefined && !Array.isArray(tool_results))
    throw rejected("params.tool_results takes an array of {tool_call_id, content, is_error?}");
  const results = ((tool_results ?? []) as unknown[]).map(resultOf);
  return {
    conversation: `${interaction.from} ${conversation ?? ""}`,
    tools: tools as unknown[] | undefined,
    results,
    text: results.length > 0 && body === undefined ? undefined : bodyOf(interaction),
  };
}

function resultOf(value: unknown): ToolResult {
  const { tool_call_id, content, is_error } = (value ?? {}) as Record<string, unknown>;
  if (typeof tool_call_id !== "string" || content === undefined)
    throw rejected("each of params.tool_results needs tool_call_id and content");
  return { tool_call_id, content, is_error: is_error === true };
}

/** The question as messages; a call that got no result is told so, because servers refuse open calls. */
export function messagesOf({ results, text }: Question, openCalls: readonly string[]): Message[] {
  const foreign = results.find(({ tool_call_id }) => !openCalls.includes(tool_call_id));
  if (foreign !== undefined)
    throw rejected(
      `no tool call ${foreign.tool_call_id} is open in this conversation (this host may have started anew): send the question again`,
    );
  const answered = openCalls.map((id): Message => {
    const content = results.find(({ tool_call_id }) => tool_call_id === id)?.content ?? "no result was given";
    return {
      role: "tool",
      tool_call_id: id,
      content: typeof content === "string" ? content : JSON.stringify(content),
    };
  });
  return [...answered, ...(text === undefined ? [] : [{ role: "user" as const, content: text }])];
}

function rejected(message: string): ModelFailure {
  return new ModelFailure(message, "rejected", false);
}
