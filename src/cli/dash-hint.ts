import { Command } from "commander";
import { quoted } from "../../sdks/typescript/src/runtime/node/own-path.js";

const longestExample = 200;

/** A command whose refusals say how to write a text that begins with a dash, or that has several words. */
export class TextCommand extends Command {
  override createCommand(name?: string): Command {
    return new TextCommand(name);
  }

  /** Commander calls it for a word that begins with a dash and is no option of this command. */
  unknownOption(flag: string): void {
    const base = Command.prototype as unknown as { unknownOption(flag: string): void };
    this.#withHint(dashHint(this, flag), () => base.unknownOption.call(this, flag));
  }

  /** Commander calls it for more words than the command has arguments. */
  _excessArguments(words: readonly string[]): void {
    const base = Command.prototype as unknown as { _excessArguments(words: readonly string[]): void };
    const hint = this.registeredArguments.length < 2 ? undefined : quoteHint(this, words);
    this.#withHint(hint, () => base._excessArguments.call(this, words));
  }

  #hint: string | undefined;

  #withHint(hint: string | undefined, refuse: () => void): void {
    this.#hint = hint;
    try {
      refuse();
    } finally {
      this.#hint = undefined;
    }
  }

  override error(message: string, options?: Parameters<Command["error"]>[1]): never {
    // A word that is like an option was meant as one.
    const isTypo = message.includes("(Did you mean ");
    return super.error(this.#hint === undefined || isTypo ? message : `${message}\n${this.#hint}`, options);
  }
}

/** How the word is passed as text; undefined for a command that takes none. */
export function dashHint(command: Command, flag: string): string | undefined {
  if (command.registeredArguments.length === 0) return undefined;
  const words = wordsOf(command);
  const at = words.indexOf(flag);
  const behind = words.slice(at + 1);
  const example =
    at > 0 && !behind.some((word) => word.startsWith("-"))
      ? ["parley", ...words.slice(0, at), "--", ...words.slice(at)].map(quoted).join(" ")
      : "";
  const form =
    example === "" || example.length > longestExample ? `parley ${pathOf(command)} ... -- <text>` : example;
  return `a text that begins with a dash goes after --, which ends the options: ${form}`;
}

function quoteHint(command: Command, words: readonly string[]): string {
  const last = command.registeredArguments.length - 1;
  const text = words.slice(last).join(" ");
  const example = [
    "parley",
    ...pathOf(command).split(" "),
    ...words.slice(0, last).map(quoted),
    quoted(text),
  ].join(" ");
  return `a text of several words is one argument, in quotes${example.length > longestExample ? "" : `: ${example}`}`;
}

/** The words of the command line behind the program. */
function wordsOf(command: Command): readonly string[] {
  let root = command;
  while (root.parent !== null) root = root.parent;
  return (root as unknown as { rawArgs: readonly string[] }).rawArgs.slice(2);
}

/** The command's name with those of its groups, without the program's. */
function pathOf(command: Command): string {
  const names: string[] = [];
  for (let one = command; one.parent !== null; one = one.parent) names.unshift(one.name());
  return names.join(" ");
}
