import { ModelBusy, ModelFailure, messageIn, refusal } from "./model-failure.js";
import { serverSentData } from "./server-sent-data.js";
import { type ToolCall, ToolCalls } from "./tool-calls.js";

export interface Message {
  role: "system" | "user" | "assistant" | "tool";
  content: string | null;
  tool_call_id?: string;
  tool_calls?: { id: string; type: "function"; function: { name: string; arguments: string } }[];
}

export interface CompletionRequest {
  /** Base address of an OpenAI-compatible API, for example `http://127.0.0.1:11434/v1`. */
  url: string;
  apiKey: string | undefined;
  model: string;
  messages: readonly Message[];
  tools?: readonly unknown[];
  /** A server that says nothing for so many milliseconds is given up. */
  patience: number;
  signal: AbortSignal;
}

export interface Delta {
  kind: "text" | "reasoning";
  delta: string;
}

export interface Completion {
  finishReason: string | undefined;
  usage: { input_tokens?: number; output_tokens?: number; total_tokens?: number } | undefined;
  toolCalls: ToolCall[];
}

interface Chunk {
  error?: unknown;
  choices?: {
    delta?: {
      content?: string | null;
      reasoning_content?: string | null;
      reasoning?: string | null;
      tool_calls?: Parameters<ToolCalls["add"]>[0][];
    };
    finish_reason?: string | null;
  }[];
  usage?: { prompt_tokens?: number; completion_tokens?: number; total_tokens?: number } | null;
}

/**
 * A streamed chat completion: yields text and reasoning as they come, returns how it ended. Throws a `ModelFailure` with
 * the server's own words when it refuses, breaks off or falls silent, a `ModelBusy` when it wants to be asked again later;
 * the signal's reason when it aborts.
 */
export async function* streamCompletion(request: CompletionRequest): AsyncGenerator<Delta, Completion> {
  const silence = new AbortController();
  const timer = setTimeout(() => {
    const seconds = Math.round(request.patience / 1_000);
    silence.abort(new ModelFailure(`the model server said nothing for ${seconds} s`, "timeout", true));
  }, request.patience);
  const signal = AbortSignal.any([request.signal, silence.signal]);
  try {
    const body = await open(request, signal);
    const calls = new ToolCalls();
    const end: Completion = { finishReason: undefined, usage: undefined, toolCalls: [] };
    let done = false;
    let hasBegun = false;
    for await (const data of serverSentData(body)) {
      timer.refresh();
      done ||= data === "[DONE]";
      if (done) break;
      const { choices, usage } = parse(data, hasBegun);
      if (usage) end.usage = usageOf(usage);
      const [choice] = choices ?? [];
      if (choice === undefined) continue;
      const { content, reasoning_content, reasoning, tool_calls } = choice.delta ?? {};
      const thought = reasoning_content || reasoning;
      hasBegun ||= Boolean(thought || content || tool_calls?.length);
      if (thought) yield { kind: "reasoning", delta: thought };
      if (content) yield { kind: "text", delta: content };
      for (const call of tool_calls ?? []) calls.add(call);
      end.finishReason = choice.finish_reason ?? end.finishReason;
    }
    if (!done && end.finishReason === undefined)
      throw new ModelFailure("the model server ended the stream before it was done", "executor_error", true);
    if (end.finishReason === "content_filter")
      throw new ModelFailure("the model server's content filter ended the answer", "rejected", false);
    return { ...end, toolCalls: calls.all() };
  } catch (error) {
    // A reader that is aborted throws what the transport makes of it; the reason says more.
    signal.throwIfAborted();
    if (error instanceof ModelFailure || error instanceof ModelBusy) throw error;
    throw new ModelFailure(
      `the connection to the model server broke: ${causeOf(error)}`,
      "executor_error",
      true,
    );
  } finally {
    clearTimeout(timer);
  }
}

/** Asks; a server that does not know `stream_options` is asked again without: it then counts no usage. */
async function open(request: CompletionRequest, signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
  const address = `${request.url.replace(/\/$/, "")}/chat/completions`;
  for (const options of [{ stream_options: { include_usage: true } }, {}]) {
    const response = await fetch(address, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        ...(request.apiKey === undefined ? {} : { authorization: `Bearer ${request.apiKey}` }),
      },
      body: JSON.stringify({
        model: request.model,
        messages: request.messages,
        ...(request.tools === undefined ? {} : { tools: request.tools }),
        stream: true,
        ...options,
      }),
      signal,
    }).catch((error: unknown) => {
      signal.throwIfAborted();
      throw new ModelFailure(
        `cannot reach the model server at ${address}: ${causeOf(error)}; is it running?`,
        "executor_error",
        true,
      );
    });
    if (response.ok && response.body !== null) return response.body;
    const text = await response.text();
    const unknownOption = response.status === 400 || response.status === 422;
    if ("stream_options" in options && unknownOption && text.includes("stream_options")) continue;
    throw refusal(address, response.status, hide(text, request.apiKey), response.headers);
  }
  throw new Error("unreachable: the second request is answered or refused");
}

function parse(data: string, hasBegun: boolean): Chunk {
  let chunk: Chunk;
  try {
    chunk = JSON.parse(data) as Chunk;
  } catch {
    throw new ModelFailure(
      `the model server sent what is no JSON: ${data.slice(0, 200)}`,
      "executor_error",
      true,
    );
  }
  // Servers that stand before others answer 200 first, and report the other's refusal as the first chunk.
  if (!hasBegun && (chunk?.error as { code?: unknown } | undefined)?.code === 429)
    throw new ModelBusy(`the model server is busy: ${messageIn(data).slice(0, 500)}`, undefined);
  if (chunk?.error)
    throw new ModelFailure(
      `the model server failed: ${messageIn(data).slice(0, 500)}`,
      "executor_error",
      true,
    );
  return chunk ?? {};
}

/** What the server counted; what it did not count stays absent, which is not zero. */
function usageOf(usage: NonNullable<Chunk["usage"]>): NonNullable<Completion["usage"]> {
  const counts = [
    ["input_tokens", usage.prompt_tokens],
    ["output_tokens", usage.completion_tokens],
    ["total_tokens", usage.total_tokens],
  ] as const;
  return Object.fromEntries(counts.filter(([, count]) => Number.isSafeInteger(count) && count! >= 0));
}

/** Servers repeat a wrong key in their refusal. */
function hide(text: string, secret: string | undefined): string {
  return secret ? text.replaceAll(secret, "***") : text;
}

function causeOf(error: unknown): string {
  return (error as { cause?: { message?: string } }).cause?.message || (error as Error).message;
}
