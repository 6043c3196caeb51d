import type { Command } from "commander";
import { describe, expect, test, vi } from "vitest";
import { createProgram } from "./program.js";

function leaves(command: Command): Command[] {
  return command.commands.length === 0
    ? [command]
    : [...(command.registeredArguments.length > 0 ? [command] : []), ...command.commands.flatMap(leaves)];
}

function pathOf(command: Command): string[] {
  return command.parent === null ? [] : [...pathOf(command.parent), command.name()];
}

const names = leaves(createProgram())
  .filter((command) => command.registeredArguments.length > 0)
  .map((command) => pathOf(command).join(" "));

/** What commander makes of the words; the command's own work is left out. */
async function parse(path: string, words: readonly string[]): Promise<{ args?: string[]; refused?: string }> {
  const program = createProgram();
  const command = leaves(program).find((one) => pathOf(one).join(" ") === path)!;
  let args: string[] | undefined;
  command.action(() => {
    args = command.args;
  });
  program.configureOutput({ writeErr: () => undefined });
  try {
    await program.parseAsync(["node", "parley", ...words]);
  } catch (error) {
    return { refused: (error as Error).message };
  }
  return { args: args! };
}

/** The words of the line that a message shows, as a shell reads them. */
function shown(message: string): string[] {
  const line = /parley (.*)$/.exec(message)?.[1] ?? "";
  return [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, text, word]) => text ?? word!);
}

describe("[cli.dash] a text that begins with a dash", () => {
  test("the commands that take words are known", () => {
    expect(names).toEqual(expect.arrayContaining(["send", "reply", "agent exec", "inbox", "token create"]));
  });

  test.each(names)("parley %s shows the line that passes it", async (path) => {
    vi.spyOn(process, "exit").mockImplementation((() => undefined) as never);
    const command = leaves(createProgram()).find((one) => pathOf(one).join(" ") === path)!;
    const needed = command.options.filter(({ mandatory }) => mandatory).flatMap(({ long }) => [long!, "x"]);
    const text = "- one, two";
    const { refused } = await parse(path, [...path.split(" "), ...needed, text]);
    expect(refused).toContain("unknown option '- one, two'\na text that begins with a dash goes after --");
    if (path === "completion") return;
    expect(await parse(path, shown(refused!))).toEqual({ args: [text] });
  });

  test("an option that was mistyped is no text", async () => {
    const { refused } = await parse("send", ["send", "--sream", "echo", "hi"]);
    expect(refused).toContain("Did you mean --stream?");
    expect(refused).not.toContain("goes after --");
  });

  test("a text of several words is shown in quotes", async () => {
    const { refused } = await parse("send", ["send", "echo", "hello", "big", "world"]);
    expect(shown(refused!)).toEqual(["send", "echo", "hello big world"]);
  });
});
