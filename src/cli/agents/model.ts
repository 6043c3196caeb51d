import type { Command } from "commander";
import { parseTimeLimit, readSecretFile, UsageError } from "../arguments.js";
import { note, paint } from "../output.js";
import { AnswerText } from "./answer-text.js";
import {
  type Completion,
  type CompletionRequest,
  type Message,
  streamCompletion,
} from "./chat-completion.js";
import { Conversations } from "./conversations.js";
import { ModelBusy, ModelFailure, pauseOf } from "./model-failure.js";
import { messagesOf, type Question, questionOf } from "./question.js";
import { concurrencyOf, type Interaction, ingested, serve, type Turn } from "./serve.js";
import { argumentsOf } from "./tool-calls.js";

export interface ModelFlags {
  name: string;
  model: string;
  modelUrl: string;
  apiKeyFile?: string;
  system?: string;
  maxTurns: string;
  timeout: string;
  concurrency: string;
}

/** Senders whose conversations are kept, and characters of each. */
const keptConversations = 200;
const keptCharacters = 400_000;
/** Reasoning that `reasoning_complete` can carry. */
const longestText = 262_144;

/** Answers each interaction with a streamed chat completion that knows what the sender has said before. */
export async function model(flags: ModelFlags, command: Command): Promise<void> {
  if (!URL.canParse(flags.modelUrl))
    throw new UsageError(`--model-url takes an address such as http://127.0.0.1:11434/v1`);
  if (!/^\d{1,4}$/.test(flags.maxTurns)) throw new UsageError("--max-turns takes 0 to 9999");
  const server = {
    url: flags.modelUrl,
    apiKey: flags.apiKeyFile === undefined ? undefined : readSecretFile("--api-key-file", flags.apiKeyFile),
    model: flags.model,
    patience: parseTimeLimit(flags.timeout),
  };
  const turns = Number(flags.maxTurns);
  const conversations = new Conversations({
    turns,
    conversations: keptConversations,
    characters: keptCharacters,
  });
  const system: Message[] = flags.system === undefined ? [] : [{ role: "system", content: flags.system }];
  const options = {
    description: `${flags.model} at ${new URL(flags.modelUrl).host}`,
    concurrency: concurrencyOf(flags.concurrency),
  };
  const queue = new Map<string, Promise<unknown>>();
  /** Until then the server is not asked: it wants to be left alone by all questions, not only by the one that it refused. */
  let busyUntil = 0;

  const answer = async (
    question: Question,
    interaction: Interaction,
    turn: Turn,
    signal: AbortSignal,
  ): Promise<void> => {
    const asked = messagesOf(question, conversations.openCalls(question.conversation));
    const messages = [...system, ...conversations.messages(question.conversation), ...asked];
    const request: CompletionRequest = { ...server, messages, signal };
    if (question.tools !== undefined) request.tools = question.tools;
    const { text, completion } = await relay(request, interaction, turn, question.results);
    if (turns > 0) conversations.add(question.conversation, [...asked, said(text.text, completion)]);
    await turn.reply(resultOf(text, completion));
  };

  /** Answers, or gives the question back while the server wants to be left alone; those of one conversation keep their order. */
  const answerOrWait = async (...[question, interaction, turn, signal]: Parameters<typeof answer>) => {
    const left = busyUntil - performance.now();
    if (left > 0) return turn.retryAfter(Math.ceil(left));
    try {
      await answer(question, interaction, turn, signal);
    } catch (error) {
      if (!(error instanceof ModelBusy)) throw error;
      const pause = pauseOf(error.retryAfterMs, interaction.attempt);
      const wait = (): void => {
        busyUntil = Math.max(busyUntil, performance.now() + pause);
      };
      wait();
      note(paint("dim", `${error.message}; ${flags.name} asks again in ${Math.ceil(pause / 1_000)} s`));
      await turn.retryAfter(pause);
      // The pause of what comes next ends after that of what was there first.
      wait();
    }
  };

  await serve(command, flags.name, options, async (interaction, turn, signal) => {
    // An answer to something that this session has asked is no question.
    if (interaction.kind === "peer_response") return turn.reply(null);
    try {
      const question = questionOf(interaction);
      // Two questions of one conversation at once would not know of each other.
      const before = queue.get(question.conversation);
      const mine = Promise.resolve(before)
        .catch(() => undefined)
        .then(() => answerOrWait(question, interaction, turn, signal));
      queue.set(question.conversation, mine);
      await mine.finally(() => {
        if (queue.get(question.conversation) === mine) queue.delete(question.conversation);
      });
    } catch (error) {
      if (!(error instanceof ModelFailure)) throw error;
      await turn.fail(error.message, { code: error.code, retryable: error.retryable });
    }
  });
}

/** Passes a completion on as it comes. */
async function relay(
  request: CompletionRequest,
  interaction: Interaction,
  turn: Turn,
  results: Question["results"],
): Promise<{ text: AnswerText; completion: Completion }> {
  const text = new AnswerText();
  let reasoning = "";
  let reasons = false;
  const reasoned = (): void => {
    if (reasons && reasoning.length <= longestText)
      void turn.emit({ kind: "reasoning_complete", text: reasoning });
    reasons = false;
    reasoning = "";
  };
  const pieces = streamCompletion(request);
  try {
    let next = await pieces.next();
    // The server has taken the question: only now is it in the model's context.
    void ingested(interaction, turn);
    for (const result of results) void turn.emit({ kind: "tool_result_received", ...result } as never);
    for (; !next.done; next = await pieces.next()) {
      const { kind, delta } = next.value;
      if (kind === "text") {
        reasoned();
        text.add(delta);
        await turn.text(delta);
      } else {
        reasons = true;
        reasoning += delta;
        await turn.emit({ kind: "reasoning_delta", delta });
      }
    }
    reasoned();
    await complete(turn, next.value);
    return { text, completion: next.value };
  } finally {
    await pieces.return(undefined as never);
  }
}

/** Says which tools the model asks for and closes the turn with what it cost. */
async function complete(turn: Turn, { toolCalls, finishReason, usage }: Completion): Promise<void> {
  for (const call of toolCalls) {
    const args = argumentsOf(call) as never;
    void turn.emit({ kind: "tool_call_requested", tool_call_id: call.id, name: call.name, args });
  }
  await turn.emit({
    kind: "turn_completed",
    ...(finishReason === undefined ? {} : { stop_reason: finishReason.slice(0, 64) }),
    ...(usage === undefined ? {} : { usage }),
  });
}

/** The answer as the next request repeats it. */
function said(text: string, { toolCalls }: Completion): Message {
  if (toolCalls.length === 0) return { role: "assistant", content: text };
  const tool_calls = toolCalls.map(({ id, name, arguments: args }) => ({
    id,
    type: "function" as const,
    function: { name, arguments: args },
  }));
  return { role: "assistant", content: text === "" ? null : text, tool_calls };
}

function resultOf(text: AnswerText, { toolCalls }: Completion): object {
  if (toolCalls.length === 0) return text.result;
  const tool_calls = toolCalls.map((call) => ({ id: call.id, name: call.name, args: argumentsOf(call) }));
  return { ...text.result, tool_calls };
}
