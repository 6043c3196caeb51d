import { Argument, type Command, Option } from "commander";
import { type CliCommand, type CliFlag, cliCommands } from "../generated/cli.js";
import { globals } from "./client.js";
import { callContract } from "./contract-call.js";

/** The commands that the contract describes completely; the others are in `custom-commands.ts`. */
export const contractCommands: readonly CliCommand[] = cliCommands.filter((spec) => !spec.custom);

export function addContractCommand(program: Command, spec: CliCommand): void {
  const words = spec.command.split(" ");
  const name = words.pop()!;
  const parent = words.reduce(group, program);
  const command = parent.command(name).description(spec.summary);
  for (const arg of spec.args) {
    // Left out is legal for commander, because `--json -` brings the whole request; the daemon names what is missing.
    command.addArgument(new Argument(`[${arg.field}]`, arg.description));
  }
  const options = spec.flags.map((flag) => ({ flag, option: flagOption(flag) }));
  for (const { option } of options) command.addOption(option);
  command.action(async (...values: unknown[]) => {
    const given = options.map(({ flag, option }) => [
      flag.flag,
      command.getOptionValue(option.attributeName()),
    ]);
    const flags = new Map(given.filter(([, value]) => value !== undefined) as [string, string | string[]][]);
    const args = values.slice(0, spec.args.length) as (string | undefined)[];
    await callContract(spec, args, flags, globals(command));
  });
}

const groupTexts: Readonly<Record<string, string>> = {
  endpoint: "Pair with daemons of other machines, list and remove them",
  session: "Open, list, serve and close sessions",
  token: "Make, list, rotate and revoke tokens",
};

/** The command group with this name, made on first use. */
export function group(parent: Command, name: string): Command {
  const found = parent.commands.find((command) => command.name() === name);
  return found ?? parent.command(name).description(groupTexts[name] ?? `${name} commands`);
}

/** A flag that the contract describes, for a command whose other arguments are its own. */
export function contractFlag(command: string, flag: string): Option {
  const spec = cliCommands.find((each) => each.command === command)?.flags.find((each) => each.flag === flag);
  if (spec === undefined) throw new Error(`the contract gives \`parley ${command}\` no flag ${flag}`);
  return flagOption(spec);
}

function flagOption(flag: CliFlag): Option {
  // The flag alone means true, as everywhere.
  if (flag.type === "boolean")
    return new Option(`${flag.flag} [${flag.field}]`, flag.description)
      .preset("true")
      .choices(["true", "false"]);
  const option = new Option(`${flag.flag} <${flag.field}>`, flag.description);
  if (flag.repeat) {
    option.argParser((value: string, previous: string[] | undefined) => [
      ...(previous ?? []),
      ...value.split(","),
    ]);
  }
  return option;
}
