import type { Command } from "commander";
import { type Parley, ParleyError } from "../../../sdks/typescript/src/index.js";
import { UsageError } from "../arguments.js";
import { globals, withClientOf } from "../client.js";
import { sessionsFor } from "../interaction-session.js";
import { print, printJson } from "../output.js";
import { readJsonFromStdin } from "../stdin.js";

type Dismissed = Awaited<ReturnType<Parley["sessions"]["dismiss"]>>;

/** Takes messages and answers off the inbox that holds them. */
export async function inboxDone(ids: readonly string[], command: Command): Promise<void> {
  const options = globals(command);
  await withClientOf(options, async (client) => {
    if (options.requestFromStdin) {
      printJson(await client.call("sessions.dismiss", await readJsonFromStdin("--json -")));
      return;
    }
    if (ids.length === 0)
      throw new UsageError("name the interaction: parley inbox done <id> (`parley inbox` lists the ids)");
    for (const id of ids) {
      const dismissed = await dismiss(client, id, options.as);
      if (options.json) printJson(dismissed);
      else print(`${dismissed.already_dismissed ? "was done before:" : "done:"} ${id}`);
    }
  });
}

/** Asks each of the caller's sessions that may hold the interaction, the likeliest first. */
async function dismiss(client: Parley, id: string, named: string | undefined): Promise<Dismissed> {
  const names = named === undefined ? await sessionsFor(client, id) : [named];
  let failure: unknown = new UsageError(
    "no session of yours has an inbox yet; `parley peers` lists who is there",
  );
  for (const name of names) {
    try {
      return await client.sessions.dismiss({ name, interaction_id: id });
    } catch (error) {
      failure = error;
      if (!(error instanceof ParleyError && error.code === "interaction_not_found")) break;
    }
  }
  throw withAnswer(failure, id);
}

/** A request is answered, not dismissed: the error then names the commands, with the id. */
function withAnswer(error: unknown, id: string): unknown {
  if (!(error instanceof ParleyError) || error.code !== "answer_expected") return error;
  const hint = `answer it: parley reply ${id} "text"; refuse it: parley reply ${id} --status failed "why not"`;
  return Object.assign(error, { hint });
}
