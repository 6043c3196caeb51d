import { randomUUID } from "node:crypto";
import { resolve } from "node:path";
import type { Command } from "commander";
import { parseTimeLimit, UsageError } from "../arguments.js";
import { globals } from "../client.js";
import { AskSocket } from "./ask-socket.js";
import { CommandRun } from "./command-run.js";
import { isProgram } from "./program-path.js";
import { bodyOf, concurrencyOf, type Interaction, isAnswered, serve } from "./serve.js";
import { StartFailure } from "./start-failure.js";

/** What `sysexits.h` calls EX_TEMPFAIL: the command reports that another try may work. */
const tempFail = 75;

export interface ExecFlags {
  name: string;
  concurrency: string;
  timeout?: string;
  killChildren?: boolean;
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
  const timeout = flags.timeout === undefined ? undefined : parseTimeLimit(flags.timeout);
  const daemon = addressOf(command);
  const hosted = {
    description: `runs ${words.join(" ")}`.slice(0, 512).toWellFormed(),
    concurrency,
    endsOnInterrupt: true,
  };
  await serve(command, flags.name, hosted, async (interaction, turn, signal, hostEnds) => {
    const marker = `INTERACTION_RUN=${randomUUID()}`;
    // Where no socket can be made, commands run all the same and only cannot ask.
    const asking = await AskSocket.open(turn).catch(() => undefined);
    const own = { ...daemon, INTERACTION_ASK: asking?.path };
    const env = { ...environmentOf(interaction, flags.name), ...own, ...variable(marker) };
    try {
      const endsAll = flags.killChildren === true;
      const line = { program, args, env, marker, input: bodyOf(interaction), endsAll };
      const run = new CommandRun(line, interaction, turn);
      const { ending, late } = await run.toItsEnd(hostEnds, timeout);
      await run.reportSurvivors();
      if (!isAnswered(turn)) signal.throwIfAborted();
      if (!late && ending.code === 0) return await turn.reply(run.answer.result);
      const outcome = late
        ? `was ended after ${flags.timeout}`
        : `ended with ${ending.signal ?? `exit code ${ending.code}`}`;
      const message = `${program} ${outcome}${run.errors === "" ? "" : `: ${run.errors}`}`;
      if (late) await turn.fail(message, { code: "timeout", retryable: true });
      else await turn.fail(message, { retryable: ending.code === tempFail });
    } catch (error) {
      // The script has answered by itself: its exit adds no second answer.
      if (isAnswered(turn)) return;
      if (!(error instanceof StartFailure)) throw error;
      await turn.fail(error.message, { retryable: error.retryable });
    } finally {
      asking?.close();
    }
  });
}

/** The command's environment: this one, and what the interaction holds besides its body. */
function environmentOf(interaction: Interaction, name: string): NodeJS.ProcessEnv {
  return {
    ...process.env,
    INTERACTION_ID: interaction.interaction_id,
    INTERACTION_TO: name,
    INTERACTION_FROM: interaction.from,
    INTERACTION_KIND: interaction.kind,
    INTERACTION_ATTEMPT: String(interaction.attempt),
    INTERACTION_INTENT: interaction.kind === "peer_request" ? interaction.intent : undefined,
    TRACEPARENT: interaction.traceparent ?? process.env.TRACEPARENT,
  };
}

/** Where `parley reply` inside the command finds the daemon that this host serves; by default this machine's own. */
function addressOf(command: Command): NodeJS.ProcessEnv {
  const { baseUrl, tokenFile } = globals(command);
  return {
    INTERACTION_BASE_URL: baseUrl,
    INTERACTION_TOKEN_FILE: tokenFile === undefined ? undefined : resolve(tokenFile),
  };
}

function variable(text: string): NodeJS.ProcessEnv {
  const at = text.indexOf("=");
  return { [text.slice(0, at)]: text.slice(at + 1) };
}
