import type { Command } from "commander";
import { expect, test } from "vitest";
import { createProgram } from "./program.js";

function all(command: Command): Command[] {
  return [command, ...command.commands.flatMap(all)];
}

test("[cli.help-globals] the help of every command has the options of all commands", () => {
  const [, ...commands] = all(createProgram());
  for (const command of commands) {
    const [, globals = ""] = command.helpInformation().split("Global Options:");
    expect(globals, command.name()).toMatch(
      /--json .*--as <session> .*--base-url <url> .*--token-file <path> /s,
    );
    expect(globals, command.name()).not.toContain("--version");
  }
});

test("[cli.help-globals] a command shows no option of its group", () => {
  const inbox = createProgram().commands.find((command) => command.name() === "inbox");
  const done = inbox?.commands.find((command) => command.name() === "done");
  expect(done?.helpInformation()).not.toContain("--watch");
});
