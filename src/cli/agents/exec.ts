import type { Command } from "commander";
import { parseDuration, UsageError } from "../arguments.js";
import { AnswerText } from "./answer-text.js";
import { type Ending, isProgram, ProcessGroup } from "./process-group.js";
import { bodyOf, concurrencyOf, type Interaction, ingested, serve, type Turn } from "./serve.js";

/** The end of stderr is kept for the failure's message; more would only fill memory. */
const stderrKept = 2_000;
/** What `sysexits.h` calls EX_TEMPFAIL: the command says that another try may work. */
const tempFail = 75;

export interface ExecFlags {
  name: string;
  concurrency: string;
  timeout?: string;
}

/** Runs a command for each interaction: body on stdin, stdout as text, exit code as outcome. */
export async function exec(words: string[], flags: ExecFlags, command: Command): Promise<void> {
  const [program, ...args] = words;
  if (program === undefined)
    throw new UsageError("name the command after --, for example: parley agent exec --name wc -- wc -w");
  if (!isProgram(program))
    throw new UsageError(
      `there is no program "${program}" on the PATH; a script needs its path and chmod +x`,
    );
  const concurrency = concurrencyOf(flags.concurrency);
  const timeout = flags.timeout === undefined ? undefined : parseDuration(flags.timeout);
  const hosted = { description: `runs ${words.join(" ")}`.slice(0, 512), concurrency };
  await serve(command, flags.name, hosted, async (interaction, turn, signal) => {
    const group = new ProcessGroup(program, args, environmentOf(interaction), bodyOf(interaction));
    let late = false;
    const timer =
      timeout === undefined
        ? undefined
        : setTimeout(() => {
            late = true;
            void group.kill();
          }, timeout);
    const end = (): void => void group.kill();
    signal.addEventListener("abort", end);
    if (signal.aborted) end();
    try {
      const { answer, errors, ending } = await relay(group, interaction, turn);
      signal.throwIfAborted();
      const why = errors.trim() === "" ? "" : `: ${errors.trim()}`;
      if (late)
        await turn.fail(`${program} was ended after ${flags.timeout}${why}`, {
          code: "timeout",
          retryable: true,
        });
      else if (ending.code === 0) await turn.reply(answer.result);
      else
        await turn.fail(`${program} ended with ${ending.signal ?? `exit code ${ending.code}`}${why}`, {
          retryable: ending.code === tempFail,
        });
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      await group.kill();
    }
  });
}

/** Passes the output on as it comes; returns what is left to say at the end. */
async function relay(
  group: ProcessGroup,
  interaction: Interaction,
  turn: Turn,
): Promise<{ answer: AnswerText; errors: string; ending: Ending }> {
  let errors = "";
  group.errors.on("data", (text: string) => {
    errors = (errors + text).slice(-stderrKept);
  });
  void ingested(interaction, turn);
  const answer = new AnswerText();
  for await (const text of group.output) {
    answer.add(text);
    await turn.text(text);
  }
  const ending = await group.ended;
  return { answer, errors, ending };
}

/** The command's environment: this one, and what the interaction says besides its body. */
function environmentOf(interaction: Interaction): NodeJS.ProcessEnv {
  return {
    ...process.env,
    INTERACTION_ID: interaction.interaction_id,
    INTERACTION_FROM: interaction.from,
    INTERACTION_KIND: interaction.kind,
    INTERACTION_ATTEMPT: String(interaction.attempt),
    INTERACTION_INTENT: interaction.kind === "peer_request" ? interaction.intent : undefined,
    TRACEPARENT: interaction.traceparent ?? process.env.TRACEPARENT,
  };
}
