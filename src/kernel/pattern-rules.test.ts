import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { requestSchemas } from "../generated/schemas.js";
import { ContractError } from "./contract-error.js";
import { namePattern, patternDetail, patternRules, suggestedName } from "./pattern-rules.js";

function patternsIn(schema: unknown): string[] {
  if (typeof schema !== "object" || schema === null) return [];
  const { pattern } = schema as { pattern?: unknown };
  return [...(typeof pattern === "string" ? [pattern] : []), ...Object.values(schema).flatMap(patternsIn)];
}

describe("[errors.refused-names] a refused text", () => {
  test("every pattern of a request has its rule in words, and there are no others", () => {
    expect(Object.keys(patternRules).sort()).toEqual([...new Set(patternsIn(requestSchemas))].sort());
  });

  test("both tables are equal", () => {
    const python = readFileSync(
      new URL("../../sdks/python/src/parley/_runtime/pattern_rules.py", import.meta.url),
      "utf8",
    );
    const rule = /^ {4}r"(.+)": Rule\(\s*"(.+?)"(, is_name=True)?(, is_secret=True)?\s*\),$/gm;
    const rows = [...python.matchAll(rule)].map(([, pattern, words, isName, isSecret]) => [
      pattern,
      { words, ...(isName ? { isName: true } : {}), ...(isSecret ? { isSecret: true } : {}) },
    ]);
    expect(Object.fromEntries(rows)).toEqual(patternRules);
  });

  test("is shown with the rule in words and with a name that would do", () => {
    expect(patternDetail("to", namePattern, "My Agent")).toEqual({
      field: "to",
      issue: "pattern",
      expected: "lower-case letters, digits and inner hyphens, 1 to 63 characters; for example my-agent",
      got: '"My Agent"',
    });
    const [uuid] = Object.keys(patternRules).filter((pattern) => pattern.includes("{12}"));
    expect(patternDetail("id", uuid!, "x\u001b[2J")).toMatchObject({ got: '"x\\u001b[2J"' });
    expect(patternDetail("to", namePattern, "x ".repeat(500)).got).toHaveLength(66);
  });

  test("that may be a secret is counted, not shown", () => {
    for (const [pattern, { isSecret }] of Object.entries(patternRules))
      expect(patternDetail("token", pattern, "hunter2!").got, pattern).toBe(
        isSecret ? "8 characters" : '"hunter2!"',
      );
  });

  test("the error's own message has all three", () => {
    const details = [patternDetail("session", namePattern, "Planner One")];
    expect(new ContractError("invalid_request", { details }).message).toBe(
      'session cannot be "Planner One": use lower-case letters, digits and inner hyphens, 1 to 63 characters; for example planner-one.',
    );
  });

  test.each([
    ["Jürgen's Agent", "jurgen-s-agent"],
    ["-x-", "x"],
    ["..", undefined],
    ["A".repeat(70), "a".repeat(63)],
    ["UPPER_case", "upper-case"],
  ])("%s suggests %s", (text, name) => {
    expect(suggestedName(text)).toBe(name);
    if (name !== undefined) expect(name).toMatch(new RegExp(namePattern, "u"));
  });
});
