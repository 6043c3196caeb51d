import fc from "fast-check";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { yamlText } from "./yaml-text.js";

test("[codegen.yaml] what is printed reads back as the same data", () => {
  const tricky = fc.constantFrom(
    ..."|true|null|~|0|1.5|0x1|1e3|- a|a: b|a #b|'a'|\"a\"|{a}|[a]|*a|&a|!a|%a|@a|`a`| a|a |a\nb|---|...|<<|=|,|?|:|\t|é|😀".split(
      "|",
    ),
  );
  const value = fc.letrec((tie) => ({
    any: fc.oneof(
      { maxDepth: 5 },
      tricky,
      fc.string(),
      fc.boolean(),
      fc.integer(),
      fc.constant(null),
      fc.array(tie("any"), { maxLength: 4 }),
      fc.dictionary(
        fc.oneof(tricky, fc.string({ minLength: 1 })).filter((key) => key !== "__proto__"),
        tie("any"),
        {
          maxKeys: 4,
        },
      ),
    ),
  })).any;
  fc.assert(
    fc.property(
      fc.dictionary(
        fc.string({ minLength: 1 }).filter((key) => key !== "__proto__"),
        value,
      ),
      (data) => {
        expect(parse(yamlText(data), { merge: false })).toEqual(data);
      },
    ),
    { numRuns: 300 },
  );
});

test("[codegen.yaml] prints one key per line and quotes only where needed", () => {
  const text = yamlText({ a: { b: ["x y", "true", 1, {}, []], "c-d": "it's: here" }, e: [{ f: 1, g: [2] }] });
  expect(text).toBe(
    'a:\n  b:\n    - x y\n    - "true"\n    - 1\n    - {}\n    - []\n  c-d: "it\'s: here"\ne:\n  - f: 1\n    g:\n      - 2\n',
  );
});
