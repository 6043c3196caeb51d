import type { Command } from "commander";
import { withClient } from "../client.js";
import { candidates, type KnownNames } from "../completion/candidates.js";
import { type Shell, scripts } from "../completion/scripts.js";
import { printText } from "../output.js";

/** A Tab waits for no daemon that starts or is busy. */
const quick = { timeout: 1_000, retries: 0 };

/** Prints the shell's part. */
export function completion(shell: Shell): void {
  printText(scripts[shell]);
}

/** Prints what may come next, a line each: the word, a tab, what it means. */
export async function complete(program: Command, words: readonly string[], command: Command): Promise<void> {
  const names: KnownNames = {
    peers: () => asked(command, async (client) => (await client.peers(quick)).peers.map(({ name }) => name)),
    sessions: () =>
      asked(command, async (client) => (await client.sessions.list(quick)).sessions.map(({ name }) => name)),
  };
  for (const { word, description } of await candidates(program, words, names))
    printText(`${word}\t${description}\n`);
}

/** At a Tab a daemon that does not answer is no mistake of the person. */
function asked(
  command: Command,
  names: Parameters<typeof withClient<readonly string[]>>[1],
): Promise<readonly string[]> {
  return withClient(command, names).catch(() => []);
}
