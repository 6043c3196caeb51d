import { Command } from "commander";
import fc from "fast-check";
import { expect, test } from "vitest";
import { addContractCommand, contractCommands } from "./contract-commands.js";
import { customCommands } from "./custom-commands.js";
import { readDirectCall } from "./direct-call.js";
import { createProgram } from "./program.js";

/** What commander makes of the words, or undefined when it refuses them. */
function byCommander(
  words: readonly string[],
): { args: unknown[]; flags: object; json: boolean } | undefined {
  const program = new Command()
    .option("--json")
    .exitOverride()
    .configureOutput({ writeErr: () => undefined });
  let read: { args: unknown[]; flags: object; json: boolean } | undefined;
  for (const spec of contractCommands) addContractCommand(program, spec);
  const listen = (command: Command): void => {
    command.exitOverride().configureOutput({ writeErr: () => undefined, writeOut: () => undefined });
    if (command.commands.length === 0)
      command.action(() => {
        read = { args: command.args, flags: command.opts(), json: program.opts().json === true };
      });
    command.commands.forEach(listen);
  };
  program.commands.forEach(listen);
  try {
    program.parse([...words], { from: "user" });
  } catch {
    return undefined;
  }
  return read;
}

const flags = [...new Set(contractCommands.flatMap((spec) => spec.flags.map(({ flag }) => flag)))];
const word = fc.oneof(
  fc.constantFrom("--json", "--help", "-h", "--", "-", "", "-1", "help", "planner", "a,b", "--nobody"),
  fc.constantFrom(...flags),
  fc.string({ maxLength: 4 }),
);
const line = fc
  .tuple(fc.constantFrom(...contractCommands), fc.array(word, { maxLength: 6 }))
  .map(([spec, rest]) => [...spec.command.split(" "), ...rest]);

test("[cli.direct] what is read without commander is what commander reads", () => {
  let direct = 0;
  fc.assert(
    fc.property(line, (words) => {
      const call = readDirectCall(words);
      if (call === undefined) return;
      direct += 1;
      const camel = (flag: string): string =>
        flag.slice(2).replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
      const read = { args: call.args, json: call.json };
      const values = Object.fromEntries([...call.flags].map(([flag, value]) => [camel(flag), value]));
      expect(byCommander(words)).toEqual({ ...read, flags: values });
    }),
    { numRuns: 500 },
  );
  expect(direct).toBeGreaterThan(50);
});

test("[cli.direct] a command alone says of itself what it says among all", () => {
  const helps = (command: Command): string[] => [
    command.helpInformation(),
    ...command.commands.flatMap((child) => helps(child)),
  ];
  const all = createProgram();
  const words = [
    ...new Set([
      ...contractCommands.map(({ command }) => command.split(" ")[0]!),
      ...Object.keys(customCommands),
    ]),
  ];
  expect(words).toEqual(all.commands.map((command) => command.name()));
  for (const name of words) {
    const alone = createProgram(name).commands;
    expect(alone.map((command) => command.name())).toEqual([name]);
    const among = all.commands.find((command) => command.name() === name)!;
    expect(alone.flatMap(helps)).toEqual(helps(among));
  }
  expect(createProgram("nobody").commands).toHaveLength(all.commands.length);
});
