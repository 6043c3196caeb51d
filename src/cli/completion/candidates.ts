import type { Argument, Command, Option } from "commander";
import { cliCommands } from "../../generated/cli.js";
import { operations } from "../../generated/operations.js";

/** A word that may come next, with what it means. */
export interface Candidate {
  word: string;
  description: string;
}

/** Names that only the daemon knows; empty when it cannot be asked. */
export interface KnownNames {
  peers(): Promise<readonly string[]>;
  sessions(): Promise<readonly string[]>;
}

/** Groups of commands in which `name` is a session's. */
const sessionGroups: readonly string[] = ["agent", "mcp", "session"];

/** What may stand where the last of `words` stands; they are the command line after `parley`. None: whatever the shell likes. */
export async function candidates(
  program: Command,
  words: readonly string[],
  names: KnownNames,
): Promise<Candidate[]> {
  const partial = words.at(-1) ?? "";
  const place = placeOf(program, words.slice(0, -1));
  const found = await atPlace(place, partial, names);
  return found.filter(({ word }) => word.startsWith(partial));
}

/** Where the next word stands. */
interface Place {
  /** From the program to the innermost command that was named. */
  path: Command[];
  /** Arguments of that command that were given. */
  given: number;
  /** The flag whose value comes next. */
  flag: Option | undefined;
  /** Behind `--`. */
  foreign: boolean;
}

function placeOf(program: Command, before: readonly string[]): Place {
  const place: Place = { path: [program], given: 0, flag: undefined, foreign: false };
  for (const word of before) {
    const command = place.path.at(-1)!;
    if (place.flag !== undefined) place.flag = undefined;
    else if (word === "--") place.foreign = true;
    else if (word.startsWith("-") && !place.foreign) {
      const option = place.path
        .flatMap(({ options }) => options)
        .find(({ long, short }) => word === long || word === short);
      if (option?.required || option?.optional) place.flag = option;
    } else {
      const inner = place.given === 0 ? command.commands.find((one) => one.name() === word) : undefined;
      if (inner === undefined) place.given += 1;
      else place.path.push(inner);
    }
  }
  return place;
}

async function atPlace(place: Place, partial: string, names: KnownNames): Promise<Candidate[]> {
  const command = place.path.at(-1)!;
  const help = command.createHelp();
  if (place.flag !== undefined) return valuesOf(place, place.flag, names);
  if (place.foreign) return [];
  if (partial.startsWith("-"))
    return [
      ...help.visibleOptions(command),
      ...place.path.slice(0, -1).flatMap((outer) => help.visibleOptions(outer)),
    ]
      .filter(({ long }, at, all) => long !== undefined && all.findIndex((one) => one.long === long) === at)
      .map((option) => ({ word: option.long!, description: option.description }));
  const inner = help.visibleCommands(command).filter((one) => one.name() !== "help");
  const commands =
    place.given === 0 ? inner.map((one) => ({ word: one.name(), description: one.description() })) : [];
  const { registeredArguments } = command;
  const argument = registeredArguments[place.given] ?? registeredArguments.at(-1);
  if (argument === undefined || (place.given >= registeredArguments.length && !argument.variadic))
    return commands;
  return [...commands, ...(await valuesOf(place, argument, names))];
}

async function valuesOf(place: Place, of: Option | Argument, names: KnownNames): Promise<Candidate[]> {
  const plain = (words: readonly string[]): Candidate[] => words.map((word) => ({ word, description: "" }));
  const spec = cliCommands.find(({ command }) => command === wordsOf(place));
  if ("long" in of) {
    const known = of.argChoices ?? spec?.flags.find(({ flag }) => flag === of.long)?.values;
    if (known) return plain(known);
    if (of.long === "--as" || of.long === "--input") return plain(await names.sessions());
    return of.long === "--name" && isOfSession(place) ? plain(await names.sessions()) : [];
  }
  const name = of.name();
  if (of.argChoices !== undefined) return plain(of.argChoices);
  if (name === "operation")
    return Object.entries(operations).map(([word, { summary }]) => ({ word, description: summary }));
  if (name === "to") return plain(await names.peers());
  if (name === "session" || (name === "name" && isOfSession(place))) return plain(await names.sessions());
  return [];
}

function wordsOf({ path }: Place): string {
  return path
    .slice(1)
    .map((command) => command.name())
    .join(" ");
}

function isOfSession({ path }: Place): boolean {
  return sessionGroups.includes(path[1]?.name() ?? "");
}
