import { Command, CommanderError, Option } from "commander";
import { CONTRACT_DIGEST, CONTRACT_VERSION } from "../generated/version.js";
import { PACKAGE_VERSION } from "../package-version.js";
import { splitJsonInput } from "./arguments.js";
import { addContractCommands } from "./contract-commands.js";
import { addCustomCommands } from "./custom-commands.js";
import { reportFailure } from "./failure.js";
import { print } from "./output.js";

const program = new Command("parley");
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
  .exitOverride()
  .configureOutput({
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
  cat notes.md | parley send planner -   a body from a file`,
  );
program.on("option:version", () => {
  print(
    process.argv.includes("--json")
      ? JSON.stringify({
          name: "parley",
          version: PACKAGE_VERSION,
          contract: CONTRACT_VERSION,
          digest: CONTRACT_DIGEST,
        })
      : `parley ${PACKAGE_VERSION} (contract ${CONTRACT_VERSION})`,
  );
  process.exit(0);
});

addContractCommands(program);
addCustomCommands(program);

try {
  await program.parseAsync(splitJsonInput(process.argv));
} catch (error) {
  if (error instanceof CommanderError && error.exitCode === 0) process.exitCode = 0;
  else
    process.exitCode = reportFailure(error, program.opts().json === true || process.argv.includes("--json"));
}
