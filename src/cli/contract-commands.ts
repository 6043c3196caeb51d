import { Argument, type Command, Option } from "commander";
import { type CliCommand, type CliFlag, cliCommands } from "../generated/cli.js";
import type { UnaryOperationId } from "../generated/operations.js";
import { parseDuration, parseJson, readStdin, UsageError } from "./arguments.js";
import { withClient } from "./client.js";
import { print, printJson, properties, table } from "./output.js";

/** Adds every command that the contract describes completely; the others are in `custom-commands.ts`. */
export function addContractCommands(program: Command): void {
  for (const spec of cliCommands) if (!spec.custom) addContractCommand(program, spec);
}

function addContractCommand(program: Command, spec: CliCommand): void {
  const words = spec.command.split(" ");
  const name = words.pop()!;
  const parent = words.reduce(group, program);
  const command = parent.command(name).description(spec.summary);
  for (const arg of spec.args) {
    // Left out is legal for commander, because `--json -` brings the whole request; the daemon names what is missing.
    command.addArgument(new Argument(`[${arg.field}]`, arg.description));
  }
  for (const flag of spec.flags) command.addOption(flagOption(flag));
  command.action(async (...values: unknown[]) => {
    const flags = command.opts();
    await withClient(command, async (client, options) => {
      const request = options.requestFromStdin
        ? parseJson("--json -", await readStdin())
        : requestFrom(spec, values.slice(0, spec.args.length), flags);
      const response = await client.call(spec.operation as UnaryOperationId, request);
      if (options.json) printJson(response);
      else printResponse(spec, response);
    });
  });
}

const groupTexts: Readonly<Record<string, string>> = {
  session: "Open, list, serve and close sessions",
  token: "Make, list, rotate and revoke tokens",
};

/** The command group with this name, made on first use. */
export function group(parent: Command, name: string): Command {
  const found = parent.commands.find((command) => command.name() === name);
  return found ?? parent.command(name).description(groupTexts[name] ?? `${name} commands`);
}

function flagOption(flag: CliFlag): Option {
  const option = new Option(`${flag.flag} <${flag.field}>`, flag.description);
  if (flag.repeat) {
    option.argParser((value: string, previous: string[] | undefined) => [
      ...(previous ?? []),
      ...value.split(","),
    ]);
  }
  return option;
}

function requestFrom(
  spec: CliCommand,
  args: readonly unknown[],
  flags: Record<string, unknown>,
): Record<string, unknown> {
  const request: Record<string, unknown> = {};
  spec.args.forEach((arg, index) => {
    if (args[index] !== undefined) request[arg.field] = args[index];
  });
  for (const flag of spec.flags) {
    const value = flags[new Option(flag.flag).attributeName()];
    if (value !== undefined) request[flag.field] = flagValue(flag, value as string | string[]);
  }
  return request;
}

function flagValue(flag: CliFlag, value: string | string[]): unknown {
  if (typeof value !== "string") return value;
  if (flag.unit === "duration") return parseDuration(value);
  if (flag.type === "json") return parseJson(flag.flag, value);
  if (flag.type === "boolean") return value !== "false";
  if (flag.type !== "integer") return value;
  if (!/^-?\d+$/.test(value)) throw new UsageError(`${flag.flag} takes a whole number, not "${value}"`);
  return Number(value);
}

function printResponse(spec: CliCommand, response: unknown): void {
  if (spec.rows === null) {
    print(properties(response));
    return;
  }
  const rows = (response as Record<string, unknown[]>)[spec.rows] ?? [];
  print(rows.length === 0 ? `no ${spec.rows} yet` : table(rows, spec.columns));
}
