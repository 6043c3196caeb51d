import { type Command, Option } from "commander";
import { CONTRACT_DIGEST, CONTRACT_VERSION } from "../generated/version.js";
import { PACKAGE_VERSION } from "../package-version.js";
import { requireText } from "./arguments.js";
import { addContractCommand, contractCommands } from "./contract-commands.js";
import { customCommands } from "./custom-commands.js";
import { TextCommand } from "./dash-hint.js";
import { noteText, print, printText } from "./output.js";
import { run } from "./run.js";

const completing = "__complete";

/** Runs any command line. */
export function runProgram(argv: readonly string[]): Promise<void> {
  return run(() => {
    requireText(process.argv);
    return createProgram(argv[2]).parseAsync(argv);
  });
}

/**
 * The command line. When `word`, the first on it, begins a command, only the commands that begin so are added: building
 * all the others would take longer than most calls. Without it, or with any other word, all are there.
 */
export function createProgram(word?: string): Command {
  const program = new TextCommand("parley");
  program
    .description("One daemon per machine: agents find each other, talk, and show what happened.")
    .addOption(new Option("--json", "print JSON; `--json -` also reads the request as JSON from stdin"))
    .addOption(new Option("--request-from-stdin").hideHelp())
    .option("--as <session>", "act as this session")
    .option("--base-url <url>", "the daemon's address, when it is not this machine's own")
    .option("--token-file <path>", "file with the bearer token for --base-url")
    .option("--version", "print the version (with --json also contract and digest)")
    .showHelpAfterError("(parley --help lists the commands)")
    .showSuggestionAfterError()
    .configureHelp({ showGlobalOptions: true, visibleGlobalOptions: optionsOfAll })
    .exitOverride()
    .configureOutput({
      writeOut: printText,
      writeErr: noteText,
      outputError: (text, write) => (process.argv.includes("--json") ? undefined : write(text)),
    })
    .addHelpText(
      "after",
      `
Examples:
  parley up --detach                     start the daemon
  parley agent echo --name echo &        an agent that answers with what it was sent
  parley send echo "hi" --stream         ask it and watch the answer
  parley peers                           who is there
  parley inbox                           what others sent you, and answers to your requests
  cat notes.md | parley send planner -   a body from a file`,
    );
  program.on("option:version", () => {
    printVersion();
    process.exit(0);
  });
  const begins = (command: string): boolean => command.split(" ", 1)[0] === word;
  const custom = Object.keys(customCommands);
  const all = !custom.some(begins) && !contractCommands.some(({ command }) => begins(command));
  if (word === completing) addCompleting(program);
  for (const spec of contractCommands) if (all || begins(spec.command)) addContractCommand(program, spec);
  for (const name of custom) if (all || begins(name)) customCommands[name]?.(program);
  return program;
}

/** Options that every command takes; `--version` stands alone, and a group's own options are no command's below it. */
function optionsOfAll(command: Command): Option[] {
  let root = command;
  while (root.parent !== null) root = root.parent;
  return command === root ? [] : root.options.filter(({ hidden, long }) => !hidden && long !== "--version");
}

/** What the scripts of `completion` ask at each Tab. */
function addCompleting(program: Command): void {
  program
    .command(completing, { hidden: true })
    .argument("[words...]")
    .action(async (words, _options, command) =>
      (await import("./commands/completion.js")).complete(program, words, command),
    );
}

function printVersion(): void {
  const name = `parley ${PACKAGE_VERSION} (contract ${CONTRACT_VERSION})`;
  const json = {
    name: "parley",
    version: PACKAGE_VERSION,
    contract: CONTRACT_VERSION,
    digest: CONTRACT_DIGEST,
  };
  print(process.argv.includes("--json") ? JSON.stringify(json) : name);
}
