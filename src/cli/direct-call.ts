import { type CliCommand, cliCommands } from "../generated/cli.js";
import type { FlagValues } from "./contract-call.js";

/** A command line that needs no parser beyond the contract's table. */
export interface DirectCall {
  spec: CliCommand;
  args: readonly string[];
  flags: FlagValues;
  json: boolean;
}

/**
 * Reads the plain form of a contract command: its words, then arguments, `--flag value` and `--json`. Undefined for every
 * other line: whatever has to be explained, suggested or refused is left to commander, which takes longer to load than
 * most calls take.
 */
export function readDirectCall(words: readonly string[]): DirectCall | undefined {
  const spec = cliCommands.find(
    ({ command, custom }) => !custom && command.split(" ").every((word, index) => word === words[index]),
  );
  if (spec === undefined) return undefined;
  const args: string[] = [];
  const flags = new Map<string, string | string[]>();
  let json = false;
  for (let at = spec.command.split(" ").length; at < words.length; at += 1) {
    const word = words[at]!;
    if (word === "--json") json = true;
    else if (!word.startsWith("-")) args.push(word);
    else {
      const flag = spec.flags.find((one) => one.flag === word);
      const value = words[at + 1];
      if (flag === undefined || value === undefined || value.startsWith("-")) return undefined;
      if (flag.type === "boolean" && value !== "true" && value !== "false") return undefined;
      const earlier = flags.get(word) ?? [];
      flags.set(word, flag.repeat ? [...earlier, ...value.split(",")] : value);
      at += 1;
    }
  }
  return args.length > spec.args.length ? undefined : { spec, args, flags, json };
}
