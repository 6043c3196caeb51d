import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { delivered, join as joinRequirements, requirements } from "../requirements/index.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
/** First words of ids: brackets around anything else are code. */
const areas = new Set(Object.keys(requirements).map((id) => id.split(".")[0]!));
const cited = citedIds();

describe("[quality.requirements] promises and tests", () => {
  test("every promise of a delivered issue is cited by a test", () => {
    const uncited = Object.entries(requirements)
      .filter(([id, { issue }]) => delivered.has(issue) && !cited.has(id))
      .map(([id]) => id);
    expect(uncited, "write a test whose name has [the id], or move the promise to a later issue").toEqual([]);
  });

  test("every cited id is a promise", () => {
    const unknown = [...cited.keys()].filter((id) => !Object.hasOwn(requirements, id));
    expect(
      unknown.map((id) => `${id} (${cited.get(id)})`),
      "add it to its domain's file in test/requirements with one sentence",
    ).toEqual([]);
  });

  test("an id that two files declare is refused", () => {
    const one = { "cli.peers": { text: "One.", issue: "house" } } as const;
    expect(() => joinRequirements([one, { ...one }])).toThrow("cli.peers is declared twice");
    expect(joinRequirements([one, {}])).toEqual(one);
  });
});

/** Ids in brackets in the names of tests, with the file that cites them. */
function citedIds(): Map<string, string> {
  const found = new Map<string, string>();
  for (const folder of [
    "src",
    "codegen",
    "test",
    "sdks/typescript/test",
    "sdks/python/tests",
    "console",
    "scripts",
  ]) {
    for (const path of readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })) {
      if (!/\.test\.ts$|(^|\/)test_\w+\.py$|conformance\.ts$/.test(path) || path.includes("node_modules"))
        continue;
      const text = readFileSync(join(root, folder, path), "utf8");
      for (const [, id] of text.matchAll(/\[([a-z][a-z0-9]*\.[a-z0-9][a-z0-9_.-]*)\]/g)) {
        if (areas.has(id!.split(".")[0]!)) found.set(id!, `${folder}/${path}`);
      }
      // Vector suites cite one id for each surface.
      if (text.includes("[vectors.%s]"))
        for (const name of ["rest", "rpc", "mcp", "cli", "ts", "py"]) found.set(`vectors.${name}`, path);
    }
  }
  return found;
}
