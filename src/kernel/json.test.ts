import { describe, expect, test } from "vitest";
import type { ContractError } from "./contract-error.js";
import { decodeJson } from "./json.js";

function codeOf(bytes: Buffer, maxBytes?: number): string {
  try {
    decodeJson(bytes, maxBytes);
    return "ok";
  } catch (thrown) {
    return (thrown as ContractError).code;
  }
}

describe("decodeJson", () => {
  test.each([
    ["plain JSON", Buffer.from('{"a":[1,"ä"]}'), "ok"],
    ["broken JSON", Buffer.from('{"a":'), "parse_error"],
    ["nothing", Buffer.alloc(0), "parse_error"],
    ["NaN", Buffer.from("[NaN]"), "parse_error"],
    ["a byte order mark", Buffer.from("\ufeff{}"), "parse_error"],
    ["an overlong encoding", Buffer.from([0x22, 0xc0, 0xaf, 0x22]), "parse_error"],
    ["an encoded surrogate", Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]), "parse_error"],
    ["a cut sequence", Buffer.from([0x22, 0xe2, 0x82, 0x22]), "parse_error"],
  ])("[kernel.json-utf8] %s", (_name, bytes, expected) => {
    expect(codeOf(bytes)).toBe(expected);
  });

  test("[kernel.json-size] the error names the limit", () => {
    expect(codeOf(Buffer.from('"1234"'), 6)).toBe("ok");
    expect(() => decodeJson(Buffer.from('"12345"'), 6)).toThrow(
      expect.objectContaining({
        code: "payload_too_large",
        details: [{ field: "", issue: "too_long", expected: "at most 6 bytes", got: "more" }],
      }),
    );
  });

  test("[kernel.json-hostile] deep nesting decodes without a crash and without pollution", () => {
    expect(codeOf(Buffer.from(`${"[".repeat(400_000)}${"]".repeat(400_000)}`))).toBe("ok");
    decodeJson(Buffer.from('{"__proto__":{"polluted":1}}'));
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });
});
