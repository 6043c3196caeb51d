import type { Command } from "commander";
import { UsageError } from "../arguments.js";
import { withClient } from "../client.js";
import { printEvents } from "../print-events.js";

export interface StreamFlags {
  interaction?: string;
  after?: string;
  follow: boolean;
}

export async function stream(
  session: string | undefined,
  flags: StreamFlags,
  command: Command,
): Promise<void> {
  if ((session === undefined) === (flags.interaction === undefined)) {
    throw new UsageError("name a session, or an interaction with --interaction <id>");
  }
  if (flags.after !== undefined && !/^\d{1,15}$/.test(flags.after))
    throw new UsageError("--after takes a position, for example 0");
  await withClient(command, async (client, options) => {
    const scope =
      session === undefined
        ? { kind: "interaction" as const, interaction_id: flags.interaction! }
        : {
            kind: "session" as const,
            session_id: (await client.sessions.get({ name: session })).session.session_id,
          };
    // Without --follow there is nothing to wait for, so the useful default is the beginning.
    const after = flags.after === undefined ? (flags.follow ? undefined : 0) : Number(flags.after);
    const events = client.stream(scope, {
      follow: flags.follow,
      ...(after === undefined ? {} : { afterSequence: after }),
    });
    process.exitCode = await printEvents(events, options.json === true);
  });
}
