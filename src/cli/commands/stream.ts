import type { Command } from "commander";
import type { Parley } from "../../../sdks/typescript/src/index.js";
import { UsageError } from "../arguments.js";
import { withClient } from "../client.js";
import { EventPrinter, printEvents } from "../print-events.js";
import { TimeLimit } from "../time-limit.js";

export interface StreamFlags {
  interaction?: string;
  after?: string;
  follow: boolean;
  timeout?: string;
}

type Scope = Parameters<Parley["stream"]>[0];

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
  const limit = new TimeLimit(flags.timeout);
  await withClient(command, async (client, options) => {
    const json = options.json === true;
    const printer = new EventPrinter({ awaitsHost: session === undefined && flags.follow });
    let scope: Scope;
    if (session === undefined) scope = { kind: "interaction", interaction_id: flags.interaction! };
    else {
      const found = await limit.within(client.sessions.get({ name: session }), "the daemon did not answer");
      scope = { kind: "session", session_id: found.session.session_id };
      if (found.session.state === "offline" && flags.follow && !json)
        printer.explainWait(`· ${session} is offline: what it is sent waits until a host comes`);
    }
    // Without --follow there is nothing to wait for, so the useful default is the beginning.
    const after = flags.after === undefined ? (flags.follow ? undefined : 0) : Number(flags.after);
    const events = client.stream(scope, {
      follow: flags.follow,
      ...(after === undefined ? {} : { afterSequence: after }),
    });
    const printed = await printEvents(events, { json, printer, end: limit.signal });
    if (printed.cut && limit.signal.aborted) {
      // The position after what was printed. Only a reader that was announced may follow an interaction.
      const source = session ?? `--interaction ${flags.interaction} --no-follow`;
      throw limit.error(`read on with: parley stream ${source} --after ${events.lastSequence ?? after ?? 0}`);
    }
    process.exitCode = printed.failed ? 1 : 0;
  });
}
