import type { Command } from "commander";
import { type Parley, ParleyError } from "../../../sdks/typescript/src/index.js";
import { UsageError } from "../arguments.js";
import { type GlobalOptions, globals, withClientOf } from "../client.js";
import { sessionsFor } from "../interaction-session.js";
import { note, paint, print, printJson } from "../output.js";
import { bodyFrom, resultFrom } from "./send.js";

type Status = "accepted" | "completed" | "failed";

/** The interaction that a command of `parley agent exec` works on, from its environment. */
interface Own {
  id: string;
  /** The session that the command answers for. */
  session: string;
  asker: string;
  kind: string;
}

/** Who answers whom. */
interface Parties {
  session: string | undefined;
  asker: string;
}

/** Answers an interaction: inside `parley agent exec` its own, else the one that is named. */
export async function reply(
  first: string | undefined,
  second: string | undefined,
  { status }: { status: Status },
  command: Command,
): Promise<void> {
  const own = ownInteraction(process.env);
  const { id, text } = wordsOf(first, second, own);
  const result = resultFrom(await bodyFrom(text));
  const inside = own !== undefined && own.id === id;
  const options = inside ? insideOptions(globals(command), own) : globals(command);
  if (inside && status === "accepted" && expectsNoAnswer(own.kind)) {
    note(paint("dim", `a ${own.kind} expects no answer: this progress was not sent`));
    return;
  }
  await withClientOf(options, async (client) => {
    const respond = ({ session, asker }: Parties): PromiseLike<unknown> =>
      client.send(
        { kind: "peer_response", to: asker, in_reply_to: id, status, result },
        session === undefined ? {} : { session },
      );
    const receipt = inside
      ? await respond({ session: undefined, asker: own.asker })
      : await respondAs(client, id, options.as, respond);
    // Inside, stdout is the command's own answer.
    if (options.json) printJson(receipt);
    else if (!inside) print(`${status === "accepted" ? "reported progress on" : "answered"} ${id}`);
  });
}

function ownInteraction(env: NodeJS.ProcessEnv): Own | undefined {
  const { INTERACTION_ID: id, INTERACTION_TO: session, INTERACTION_FROM: asker } = env;
  if (!id || !session || !asker) return undefined;
  return { id, session, asker, kind: env.INTERACTION_KIND ?? "" };
}

/** One word is the text inside of a command, and the interaction's id outside. */
function wordsOf(
  first: string | undefined,
  second: string | undefined,
  own: Own | undefined,
): { id: string; text: string | undefined } {
  if (own !== undefined && second === undefined) return { id: own.id, text: first };
  if (first === undefined || !isId(first))
    throw new UsageError(
      `${first === undefined ? "" : `"${first}" is no interaction's id; `}name the interaction: parley reply <id> "text"`,
    );
  return { id: first, text: second };
}

function isId(word: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(word);
}

/** The daemon that the host serves, and the session that it serves there. */
function insideOptions(given: GlobalOptions, own: Own): GlobalOptions {
  const { INTERACTION_BASE_URL: baseUrl, INTERACTION_TOKEN_FILE: tokenFile } = process.env;
  return {
    as: own.session,
    ...(baseUrl ? { baseUrl } : {}),
    ...(tokenFile ? { tokenFile } : {}),
    ...given,
  };
}

function expectsNoAnswer(kind: string): boolean {
  return kind === "peer_message" || kind === "peer_response";
}

/** Answers as the session that holds the interaction: the one that is named, else whichever of the caller's it is. */
async function respondAs(
  client: Parley,
  id: string,
  named: string | undefined,
  respond: (parties: Parties) => PromiseLike<unknown>,
): Promise<unknown> {
  const asker = await askerOf(client, id);
  const sessions = named === undefined ? await sessionsFor(client, id) : [named];
  for (const session of sessions) {
    try {
      return await respond({ session, asker });
    } catch (error) {
      if (!isOtherSessions(error)) throw error;
    }
  }
  throw new UsageError(
    `the interaction ${id} belongs to no session that you may use; \`--as <session>\` names one`,
  );
}

async function askerOf(client: Parley, id: string): Promise<string> {
  const scope = { kind: "interaction", interaction_id: id } as const;
  for await (const { event } of client.stream(scope, { follow: false, afterSequence: 0 }))
    if (event.kind === "interaction_started") return event.from;
  throw new UsageError(`the beginning of the interaction ${id} is no longer kept; it cannot be answered`);
}

/** The session does not hold the interaction, or would answer itself. */
function isOtherSessions(error: unknown): boolean {
  return (
    error instanceof ParleyError &&
    ["interaction_not_found", "self_session_denied", "permission_denied"].includes(error.code)
  );
}
