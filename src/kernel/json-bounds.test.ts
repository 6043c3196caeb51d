import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeJson, findFlaw } from "./json.js";
import { boundJson, jsonBounds } from "./json-bounds.js";

/** White space that makes a text large enough to be looked at. */
const padding = " ".repeat(16 * 1024);
const large = (text: string): Buffer => Buffer.from(text + padding);
const nested = (levels: number): string => "[".repeat(levels) + "]".repeat(levels);
const tooLarge = (expected: string): object => ({
  code: "payload_too_large",
  details: [{ field: "", issue: "too_long", expected, got: "more" }],
});
const members = (count: number, name: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => `"${name(index)}":0`).join(",");

test("[kernel.json-bounds] what stays in its bounds is parsed as it is", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 8 }), (value) => {
      const text = large(JSON.stringify(value));
      expect(boundJson(text)).toBe(text);
    }),
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => {
      const text = Buffer.concat([Buffer.from(noise), Buffer.from(padding)]);
      expect(boundJson(text)).toBe(text);
    }),
  );
});

test("[kernel.json-bounds] brackets, colons and quotes inside strings count for nothing", () => {
  const hostile = '\\"[[[{{{:::\\\\';
  for (const length of [1, 5, 63, 64, 65, 200]) {
    const text = JSON.stringify({
      a: `${"x".repeat(length)}${hostile.repeat(30_000)}`,
      [hostile]: `\\${"\\".repeat(length)}`,
    });
    expect(decodeJson(large(text))).toEqual(JSON.parse(text));
  }
});

test("[kernel.json-bounds] parts are counted exactly", () => {
  const { parts } = jsonBounds;
  const lists = (count: number): string => `[${Array.from({ length: count - 1 }, () => "[]").join(",")}]`;
  expect(decodeJson(large(lists(parts)))).toHaveLength(parts - 1);
  expect(() => decodeJson(large(lists(parts + 1)))).toThrow(
    expect.objectContaining(tooLarge("at most 65536 objects, lists and members")),
  );
  const known = (count: number): string => `{${members(count - 1, (index) => `n${index % 100}`)}}`;
  expect(Object.keys(decodeJson(large(known(parts))) as object)).toHaveLength(100);
  expect(() => decodeJson(large(known(parts + 1)))).toThrow(
    expect.objectContaining(tooLarge("at most 65536 objects, lists and members")),
  );
});

test("[kernel.json-bounds] many different names are refused, however they are written", () => {
  const { names } = jsonBounds;
  const refusal = expect.objectContaining(tooLarge("at most 16384 different names"));
  for (const name of [(n: number) => `k${n}`, (n: number) => `\\"${n}`, (n: number) => `${n * 7919}`]) {
    expect(Object.keys(decodeJson(large(`{${members(names, name)}}`)) as object)).toHaveLength(names);
    expect(() => decodeJson(large(`{${members(names * 2, name)}}`))).toThrow(refusal);
  }
});

test("[kernel.json-bounds] what lies too deep is not parsed, and still told as too deep", () => {
  const { levels } = jsonBounds;
  expect(decodeJson(large(nested(levels)))).toEqual(JSON.parse(nested(levels)));
  expect(String(boundJson(large(nested(500_000)))).trim()).toBe(nested(levels).replace("[]", "[ 0 ]"));
  expect(findFlaw(decodeJson(large(nested(500_000))))).toBe("too_deep");
  const envelope = `{"id":7,"params":{"a":${nested(100)},"b":[1,${nested(300)},2]},"method":"m"}`;
  const decoded = decodeJson(large(envelope)) as { id: number; params: object; method: string };
  expect(decoded).toMatchObject({ id: 7, method: "m" });
  expect(findFlaw(decoded.params)).toBe("too_deep");
});

test("[kernel.json-bounds] a text that is no JSON does not become one", () => {
  for (const text of ["[".repeat(90_000), `${"[".repeat(81)}}${"]".repeat(80)}x`]) {
    expect(() => decodeJson(large(text))).toThrow(expect.objectContaining({ code: "parse_error" }));
  }
  const glued = `${"[".repeat(80)}1[]${"]".repeat(80)}`;
  expect(() => decodeJson(large(glued))).toThrow(expect.objectContaining({ code: "parse_error" }));
});
