import fc from "fast-check";
import { expect, test } from "vitest";
import { checkPattern } from "./pattern.js";

const good = [
  "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
  "^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$",
  "^(?:\\*|[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)$",
  "^[0-9]{1,4}\\.[0-9]{1,4}\\.[0-9]{1,4}$",
  "^[A-Za-z0-9_-]*$",
  "^[0-9]+(?:-[a-z0-9]+)?$",
  "^(?:ab|cd)+$",
  "^(?:[a-z]{2}-){3}[a-z]*$",
  "^[^/]+/[^/]+$",
];

test.each(good)("[contract.lint] takes %s", (pattern) => {
  expect(checkPattern(pattern)).toBeNull();
});

const bad: [pattern: string, rule: string][] = [
  ["^(?:a+)+$", "pattern-linear"],
  ["^(?:a*)*$", "pattern-linear"],
  ["^(?:[a-z]+-?)*$", "pattern-linear"],
  ["^(?:a|ab)+$", "pattern-linear"],
  ["^(?:a|[a-c]x)*$", "pattern-linear"],
  ["^[a-z]*[a-z0-9]*$", "pattern-linear"],
  ["^[a-z]*b[a-z]*$", "pattern-linear"],
  ["^[a-z]+(?:[0-9]*)[a-z]+$", "pattern-linear"],
  ["^(?:x|[a-z]+)[a-z]+$", "pattern-linear"],
  ["^.*,.*$", "pattern-linear"],
  ["^a(?!b)$", "pattern-lookaround"],
  ["^(?<=b)a$", "pattern-lookaround"],
  ["a$", "pattern-anchored"],
  ["^a", "pattern-anchored"],
  ["^(a)$", "pattern-portable"],
  ["^(?:a)\\1$", "pattern-portable"],
  ["^\\w+$", "pattern-portable"],
  ["^a+?$", "pattern-portable"],
  ["^[a-$", "pattern-portable"],
  ["^(?:a$", "pattern-portable"],
  ["^a{1,2}{3}$", "pattern-portable"],
];

test.each(bad)("[contract.lint] refuses %s by %s", (pattern, rule) => {
  expect(checkPattern(pattern)?.rule).toBe(rule);
});

test("[contract.lint] what it takes matches hostile text with steps in proportion to its length", () => {
  const letter = fc.constantFrom("a", "b", "[ab]", "[a-z]", "-", "(?:a|b)", "(?:ab)");
  const piece = fc
    .tuple(letter, fc.constantFrom("", "*", "+", "?", "{2}", "{0,9}"))
    .map((parts) => parts.join(""));
  const pattern = fc.array(piece, { minLength: 1, maxLength: 5 }).map((pieces) => `^${pieces.join("")}$`);
  fc.assert(
    fc.property(pattern, (text) => {
      fc.pre(checkPattern(text) === null);
      // At most one loop can hold each position, so the count of ways to split a text stays small.
      expect(splits(text, "a".repeat(40))).toBeLessThanOrEqual(64 * 40);
    }),
    { numRuns: 500 },
  );
});

/** Steps that a plain backtracking matcher takes on a text that cannot match in the end. */
function splits(pattern: string, text: string): number {
  const pieces = [...pattern.slice(1, -1).matchAll(/(\[[^\]]*\]|\(\?:[^)]*\)|.)([*+?]|\{[^}]*\})?/g)];
  const hostile = `${text}!`;
  let steps = 0;
  const match = (index: number, at: number): void => {
    const piece = pieces[index];
    if (piece === undefined) return;
    const [, atom = "", repeat = ""] = piece;
    const [min, max] = bounds(repeat);
    const one = new RegExp(atom, "y");
    const ends = [at];
    for (let end = at; ends.length <= max; ) {
      steps += 1;
      one.lastIndex = end;
      if (!one.test(hostile)) break;
      end = one.lastIndex;
      ends.push(end);
    }
    for (const end of ends.slice(min).reverse()) match(index + 1, end);
  };
  match(0, 0);
  return steps;
}

function bounds(repeat: string): [number, number] {
  if (repeat === "*") return [0, 1000];
  if (repeat === "+") return [1, 1000];
  if (repeat === "?") return [0, 1];
  if (repeat === "{2}") return [2, 2];
  return repeat === "" ? [1, 1] : [0, 9];
}
