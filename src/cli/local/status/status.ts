import type { Command } from "commander";
import { type Parley, ParleyError } from "../../../../sdks/typescript/src/index.js";
import { cliCommands } from "../../../generated/cli.js";
import { findDaemonProcess } from "../../../platform/discovery-file.js";
import { globals, withClient } from "../../client.js";
import { callContract } from "../../contract-call.js";
import { print } from "../../output.js";
import { quickTroubles } from "../doctor/doctor.js";
import { lookAround } from "../doctor/surroundings.js";
import { shownSessions, statusPage } from "./page.js";
import { type Aside, asideProblems, linkProblems, sessionProblems } from "./problems.js";

/** Shows daemon, sessions, links and problems on one page; with `--json` the contract's answer. */
export async function status(command: Command): Promise<void> {
  const options = globals(command);
  if (options.json || options.requestFromStdin) {
    const spec = cliCommands.find(({ operation }) => operation === "system.status")!;
    return callContract(spec, [], new Map(), { ...options, json: true });
  }
  const facts = await withClient(command, async (client) => {
    const [answer, sessions, links] = await Promise.all([
      client.system.status(),
      unlessRefused(async () => (await client.sessions.list()).sessions),
      unlessRefused(async () => (await client.endpoints.list()).endpoints),
    ]);
    const shown = sessions instanceof Error ? [] : shownSessions(sessions);
    const asides = await Promise.all(shown.map(({ name }) => unlessRefused(() => asideOf(client, name))));
    return {
      status: answer,
      sessions,
      links,
      asides: asides.filter((aside): aside is Aside => !(aside instanceof Error)),
    };
  });
  const isLocal = options.baseUrl === undefined;
  const own = isLocal ? await lookAround(undefined, command) : undefined;
  const problems = [
    ...sessionProblems(facts.sessions),
    ...asideProblems(facts.asides),
    ...linkProblems(facts.links),
    ...(own === undefined ? [] : await quickTroubles(own)),
  ];
  const page = statusPage(
    { ...facts, problems, log: own && logOf(own.paths.discoveryFile), home: process.env.HOME },
    process.stdout.isTTY ? Math.max(process.stdout.columns, 40) : undefined,
  );
  for (const line of page) print(...line);
}

async function asideOf(client: Parley, name: string): Promise<Aside> {
  const [held, dead] = await Promise.all([
    client.sessions.listHeld({ name }),
    client.sessions.listDeadLetters({ name }),
  ]);
  return {
    name,
    held: { count: held.held.length, more: held.more },
    dead: { count: dead.dead_letters.length, more: dead.more },
  };
}

async function unlessRefused<T>(ask: () => Promise<T>): Promise<T | Error> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof ParleyError && error.code === "permission_denied") return error;
    throw error;
  }
}

function logOf(discoveryFile: string): string {
  return (
    findDaemonProcess(discoveryFile)?.log_file ??
    "the terminal or the service manager that started the daemon"
  );
}
