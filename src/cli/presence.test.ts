import { globSync, readFileSync } from "node:fs";
import type { Command } from "commander";
import { describe, expect, test } from "vitest";
import { presenceOf as consolePresence } from "../../console/presence.js";
import { presenceOf, withPresence } from "./presence.js";
import { createProgram } from "./program.js";

const root = new URL("../../", import.meta.url);

function descriptions(schema: unknown): string[] {
  if (typeof schema !== "object" || schema === null) return [];
  const { description } = schema as { description?: unknown };
  const own = typeof description === "string" ? [description] : [];
  return [...own, ...Object.values(schema).flatMap(descriptions)];
}

function all(command: Command): Command[] {
  return [command, ...command.commands.flatMap(all)];
}

/** `live` is a value of the contract, in code; a log, a stream or a page is followed live. */
const liveWord = /(?<!`)\blive\b(?!`)/i;

describe("[texts.presence] one word for presence", () => {
  test("of the command line and of the console is the one of peers", () => {
    for (const presence of [presenceOf, (state: never) => consolePresence({ state })]) {
      expect(["live", "offline", "closed"].map((state) => presence(state as never))).toEqual([
        "online",
        "offline",
        "closed",
      ]);
    }
    const session = { session_id: "1", name: "live", state: "live", description: "live" };
    const online = { ...session, state: "online" };
    expect(withPresence({ session })).toEqual({ session: online });
    expect(withPresence({ sessions: [session], more: true })).toEqual({ sessions: [online], more: true });
    expect(withPresence({ held: [] })).toEqual({ held: [] });
    expect(withPresence(null)).toBeNull();
  });

  test("no description of the contract has another", () => {
    for (const file of globSync("schemas/{common,comms,sessions,system,endpoints}/*.json", { cwd: root })) {
      const schema: unknown = JSON.parse(readFileSync(new URL(file, root), "utf8"));
      for (const text of descriptions(schema)) expect(text, file).not.toMatch(liveWord);
    }
  });

  test("no help of a command has another", () => {
    for (const command of all(createProgram())) expect(command.helpInformation()).not.toMatch(liveWord);
  });
});
