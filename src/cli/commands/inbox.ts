import { setTimeout as pause } from "node:timers/promises";
import type { Command } from "commander";
import { type Parley, ParleyError } from "../../../sdks/typescript/src/index.js";
import { parseDuration, UsageError } from "../arguments.js";
import { type GlobalOptions, globals, withClientOf } from "../client.js";
import { markReaderLeft, note, print, printJson, readerLeft } from "../output.js";
import { ownSession } from "../own-session.js";
import { type Listed, type Omitted, printListed, printSteps } from "../print-inbox.js";
import { watchReader } from "../reader-watch.js";
import { readJsonFromStdin } from "../stdin.js";

export interface InboxFlags {
  watch?: boolean;
  cursor?: string;
  limit?: string;
  interaction?: string;
  wait?: string;
}

interface Page {
  interactions: readonly Listed[];
  cursor: number;
  more: boolean;
  omitted?: Omitted;
}

/** How long one call of `--watch` waits, milliseconds. */
const watchMs = 30_000;
const retryMs = 1_000;

/** Shows what waits in an inbox without claiming it. */
export async function inbox(session: string | undefined, flags: InboxFlags, command: Command): Promise<void> {
  const options = globals(command);
  await withClientOf(options, async (client) => {
    if (options.requestFromStdin) {
      printJson(await client.call("sessions.list_inbox", await readJsonFromStdin("--json -")));
      return;
    }
    const name = session ?? (await ownSession(client, options));
    if (flags.watch) await watch(client, name, cursorOf(flags) ?? 0, options);
    else await show(client, name, flags, options);
  });
}

async function show(client: Parley, name: string, flags: InboxFlags, { json }: GlobalOptions): Promise<void> {
  const page = isPart(flags) ? await partOf(client, name, flags) : await wholeOf(client, name);
  if (json) {
    printJson(page);
    return;
  }
  for (const one of page.interactions) printListed(one);
  if (page.interactions.length === 0) print(`nothing waits for ${name}`);
  printSteps(page.interactions, page.omitted);
}

/** The caller chose a part: then it is one call, as the contract has it. */
function isPart({ cursor, limit, interaction, wait }: InboxFlags): boolean {
  return [cursor, limit, interaction, wait].some((flag) => flag !== undefined);
}

async function partOf(client: Parley, name: string, flags: InboxFlags): Promise<Page> {
  const { limit, interaction, wait } = flags;
  const cursor = cursorOf(flags);
  return (await client.call("sessions.list_inbox", {
    name,
    ...(cursor === undefined ? {} : { cursor }),
    ...(limit === undefined ? {} : { limit: numberOf("--limit", limit) }),
    ...(interaction === undefined ? {} : { interaction_id: interaction }),
    ...(wait === undefined ? {} : { wait_ms: parseDuration(wait) }),
  })) as Page;
}

async function wholeOf(client: Parley, name: string): Promise<Page> {
  const interactions: Listed[] = [];
  for (let cursor = 0; ; ) {
    const page = await client.sessions.listInbox({ name, cursor });
    interactions.push(...page.interactions);
    if (!page.more) return { ...page, interactions };
    cursor = page.cursor;
  }
}

/** Prints what waits, then what comes, over stops and starts of the daemon, until the reader of the output leaves. */
async function watch(client: Parley, name: string, from: number, { json }: GlobalOptions): Promise<void> {
  watchReader(process.stdout.fd, markReaderLeft);
  const request = { name, wait_ms: watchMs };
  let isAway = false;
  let omitted: number | undefined;
  for (let cursor = from; !readerLeft.aborted; ) {
    try {
      const page = await client.sessions.listInbox({ ...request, cursor }, { signal: readerLeft });
      if (isAway) note("the daemon answers again");
      isAway = false;
      if (!json && page.omitted?.count !== omitted) printSteps([], page.omitted);
      omitted = page.omitted?.count;
      for (const one of page.interactions) {
        if (json) print(JSON.stringify(one));
        else printListed(one);
      }
      cursor = page.cursor;
    } catch (error) {
      if (!isOutage(error)) throw error;
      if (!isAway) note(`${error.message} The watch goes on when it answers again; Ctrl-C ends it.`);
      isAway = true;
      await pause(retryMs);
    }
  }
}

/** The daemon is away; any other failure stays one when it is back. */
function isOutage(error: unknown): error is ParleyError {
  return error instanceof ParleyError && ["daemon_unreachable", "transport_error"].includes(error.code);
}

function cursorOf({ cursor }: InboxFlags): number | undefined {
  return cursor === undefined ? undefined : numberOf("--cursor", cursor);
}

function numberOf(flag: string, text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new UsageError(`${flag} takes a whole number, not "${text}"`);
}
