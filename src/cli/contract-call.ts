import type { Parley } from "../../sdks/typescript/src/index.js";
import type { CliCommand, CliFlag } from "../generated/cli.js";
import type { UnaryOperationId } from "../generated/operations.js";
import { parseDuration, parseJson, UsageError } from "./arguments.js";
import { type GlobalOptions, withClientOf } from "./client.js";
import { noteInbox } from "./inbox-note.js";
import { print, printJson } from "./output.js";
import { withPresence } from "./presence.js";
import { readJsonFromStdin } from "./stdin.js";
import { printProperties, printTable } from "./table.js";

/** Values of a command line by flag, as they were written. */
export type FlagValues = ReadonlyMap<string, string | readonly string[]>;

/** Makes the call that a command of the contract stands for, and prints the answer. */
export async function callContract(
  spec: CliCommand,
  args: readonly (string | undefined)[],
  flags: FlagValues,
  options: GlobalOptions,
): Promise<void> {
  const call = async (client: Parley): Promise<void> => {
    const request = options.requestFromStdin
      ? await readJsonFromStdin("--json -")
      : requestFrom(spec, args, flags);
    const response = await client.call(spec.operation as UnaryOperationId, request);
    if (options.json) return printJson(response);
    printResponse(spec, response);
    noteInbox(response as object, options);
  };
  await withClientOf(options, call, false);
}

function requestFrom(
  spec: CliCommand,
  args: readonly (string | undefined)[],
  flags: FlagValues,
): Record<string, unknown> {
  const request: Record<string, unknown> = {};
  spec.args.forEach((arg, index) => {
    if (args[index] !== undefined) request[arg.field] = args[index];
  });
  for (const flag of spec.flags) {
    const value = flags.get(flag.flag);
    if (value !== undefined) request[flag.field] = flagValue(flag, value);
  }
  return request;
}

function flagValue(flag: CliFlag, value: string | readonly string[]): unknown {
  if (typeof value !== "string") return value;
  if (flag.unit === "duration") return parseDuration(value);
  if (flag.type === "json") return parseJson(flag.flag, value);
  if (flag.type === "boolean") return value !== "false";
  if (flag.type !== "integer") return value;
  if (!/^-?\d+$/.test(value)) throw new UsageError(`${flag.flag} takes a whole number, not "${value}"`);
  return Number(value);
}

/** Prints the answer of a command of the contract for a person. */
export function printResponse(spec: CliCommand, response: unknown): void {
  const shown = withPresence(response);
  if (spec.rows === null) {
    printProperties(shown);
    return;
  }
  const rows = (shown as Record<string, unknown[]>)[spec.rows] ?? [];
  if (rows.length === 0) print(`no ${spec.rows} yet`);
  else printTable(rows, spec.columns);
}
